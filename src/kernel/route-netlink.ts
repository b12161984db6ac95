/**
 * rtnetlink(7): interfaces and addresses of one network namespace, as messages to and from the kernel, in its byte order.
 *
 *     nlmsghdr   u32 length · u16 type · u16 flags · u32 sequence · u32 port        each padded to 4 bytes, followed by
 *     ifinfomsg  u8 family · u8 – · u16 device type · i32 index · u32 flags · u32 change              RTM_NEWLINK
 *     ifaddrmsg  u8 family · u8 prefix length · u8 flags · u8 scope · u32 index                       RTM_NEWADDR
 *     rtgenmsg   u8 family                                                                            RTM_NEWNSID
 *     rtattr     u16 length · u16 type · payload                                                      any number of them
 */

import { endianness } from 'node:os';
import { addressText } from './ip-address.ts';

/** One network interface. Numbers of interfaces are those of its own namespace, unless it says otherwise. */
export interface Link {
  readonly index: number;
  /** Of the namespace's own choosing: clean it before showing. */
  readonly name: string;
  /** `veth`, `bridge`, `tun`, `macvlan`, …; `loopback`; absent for hardware and for what tells none. */
  readonly kind?: string;
  /** `up`, `down`, `lowerlayerdown`, …; `unknown` for drivers that do not tell, such as lo and tun. */
  readonly state: string;
  readonly mtu: number;
  /** Index of the peer of a veth, of what a macvlan or vlan is on; in the namespace `linkNamespace` where that is given. */
  readonly link?: number;
  /** Id by which its own namespace knows the one of `link`. */
  readonly linkNamespace?: number;
  /** Index of the bridge (or bond, vrf) that it is a port of. */
  readonly master?: number;
}

export interface LinkAddress {
  /** Of the interface. */
  readonly index: number;
  readonly address: string;
  /** Bits of the network's part. */
  readonly prefix: number;
}

const RTM = { newLink: 16, getLink: 18, newAddress: 20, getAddress: 22, newNamespaceId: 88, getNamespaceId: 90 };
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const FLAGS = { request: 0x1, acknowledge: 0x4, interrupted: 0x10, dump: 0x300 };
const IFLA = { name: 3, mtu: 4, link: 5, master: 10, state: 16, linkInfo: 18, mask: 29, linkNamespace: 37 };
const IFLA_INFO_KIND = 1;
const IFA = { address: 1, local: 2 };
const NETNSA = { id: 1, pid: 2 };
/** RTEXT_FILTER_SKIP_STATS: counters are read from net/dev. */
const SKIP_STATS = 8;
const ARPHRD_LOOPBACK = 772;

/** IF_OPER_*, by number. */
const STATES = ['unknown', 'notpresent', 'down', 'lowerlayerdown', 'testing', 'dormant', 'up'];

const LITTLE = endianness() === 'LE';
const HEADER = 16;

function request(type: number, flags: number, family: number, attribute?: { type: number; value: number }): Uint8Array {
  const own = type === RTM.getLink ? 16 : type === RTM.getAddress ? 8 : 4;
  const bytes = new Uint8Array(HEADER + own + (attribute ? 8 : 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, LITTLE);
  view.setUint16(4, type, LITTLE);
  view.setUint16(6, FLAGS.request | flags, LITTLE);
  view.setUint8(HEADER, family);
  if (attribute) {
    view.setUint16(HEADER + own, 8, LITTLE);
    view.setUint16(HEADER + own + 2, attribute.type, LITTLE);
    view.setUint32(HEADER + own + 4, attribute.value, LITTLE);
  }
  return bytes;
}

/** For `parseLinks`. */
export const linksRequest = (): Uint8Array =>
  request(RTM.getLink, FLAGS.dump, 0, { type: IFLA.mask, value: SKIP_STATS });
/** For `parseAddresses`. */
export const addressesRequest = (): Uint8Array => request(RTM.getAddress, FLAGS.dump, 0);
/** For `parseNamespaceId`: the id by which the namespace that is asked knows the one of a process. */
export const namespaceIdRequest = (pid: number): Uint8Array =>
  request(RTM.getNamespaceId, FLAGS.acknowledge, 0, { type: NETNSA.pid, value: pid });

/** The answer to `linksRequest`. */
export function parseLinks(answer: Uint8Array): Link[] {
  return messagesOf(answer, RTM.newLink).flatMap(({ body }): Link[] => {
    if (body.byteLength < 16) return [];
    const attributes = attributesOf(body, 16);
    const number = (type: number): number | undefined => uint32(attributes.get(type));
    const name = text(attributes.get(IFLA.name));
    const info = attributes.get(IFLA.linkInfo);
    const isLoopback = body.getUint16(2, LITTLE) === ARPHRD_LOOPBACK;
    const kind = info ? text(attributesOf(info, 0).get(IFLA_INFO_KIND)) : isLoopback ? 'loopback' : undefined;
    if (name === undefined) return [];
    const [link, linkNamespace, master] = [number(IFLA.link), number(IFLA.linkNamespace), number(IFLA.master)];
    return [
      {
        index: body.getInt32(4, LITTLE),
        name,
        ...(kind === undefined ? {} : { kind }),
        state: STATES[attributes.get(IFLA.state)?.getUint8(0) ?? 0] ?? 'unknown',
        mtu: number(IFLA.mtu) ?? Number.NaN,
        ...(link === undefined ? {} : { link }),
        ...(linkNamespace === undefined ? {} : { linkNamespace }),
        ...(master === undefined ? {} : { master }),
      },
    ];
  });
}

/** The answer to `addressesRequest`. */
export function parseAddresses(answer: Uint8Array): LinkAddress[] {
  return messagesOf(answer, RTM.newAddress).flatMap(({ body }): LinkAddress[] => {
    if (body.byteLength < 8) return [];
    const attributes = attributesOf(body, 8);
    // Of a point-to-point interface IFA_ADDRESS is the other end.
    const own = attributes.get(IFA.local) ?? attributes.get(IFA.address);
    const address = own && addressText(new Uint8Array(own.buffer, own.byteOffset, own.byteLength));
    return address ? [{ index: body.getUint32(4, LITTLE), address, prefix: body.getUint8(1) }] : [];
  });
}

/** The answer to `namespaceIdRequest`; undefined where the one has no id in the other, so that no interface joins them. */
export function parseNamespaceId(answer: Uint8Array): number | undefined {
  const [message] = messagesOf(answer, RTM.newNamespaceId);
  const id = message && uint32(attributesOf(message.body, 4).get(NETNSA.id));
  return id === NO_ID ? undefined : id;
}

/** NETNSA_NSID_NOT_ASSIGNED, -1. */
const NO_ID = 0xffffffff;

/** Positive errno of an answer that is an error; 0 for one that is complete. */
export function answerError(answer: Uint8Array): number {
  for (const { type, body } of messages(answer)) {
    if ((type === NLMSG_ERROR || type === NLMSG_DONE) && body.byteLength >= 4)
      return Math.abs(body.getInt32(0, LITTLE));
  }
  return 0;
}

/** Something came or went while the kernel listed it, so that something may be missing: ask again. */
export const isInterrupted = (answer: Uint8Array): boolean =>
  messages(answer).some(({ flags }) => (flags & FLAGS.interrupted) !== 0);

interface Message {
  readonly type: number;
  readonly flags: number;
  readonly body: DataView;
}

const messagesOf = (answer: Uint8Array, type: number): Message[] =>
  messages(answer).filter((message) => message.type === type);

function messages(answer: Uint8Array): Message[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
  const found: Message[] = [];
  for (let at = 0; at + HEADER <= view.byteLength; ) {
    const length = view.getUint32(at, LITTLE);
    if (length < HEADER || at + length > view.byteLength) break;
    const body = new DataView(view.buffer, view.byteOffset + at + HEADER, length - HEADER);
    found.push({ type: view.getUint16(at + 4, LITTLE), flags: view.getUint16(at + 6, LITTLE), body });
    at += aligned(length);
  }
  return found;
}

/** By type, without the flags in its upper bits. */
function attributesOf(body: DataView, from: number): Map<number, DataView> {
  const found = new Map<number, DataView>();
  for (let at = from; at + 4 <= body.byteLength; ) {
    const length = body.getUint16(at, LITTLE);
    if (length < 4 || at + length > body.byteLength) break;
    const payload = new DataView(body.buffer, body.byteOffset + at + 4, length - 4);
    found.set(body.getUint16(at + 2, LITTLE) & 0x3fff, payload);
    at += aligned(length);
  }
  return found;
}

const aligned = (length: number): number => (length + 3) & ~3;

const uint32 = (payload: DataView | undefined): number | undefined =>
  payload && payload.byteLength >= 4 ? payload.getUint32(0, LITTLE) : undefined;

const decoder = new TextDecoder();

/** Ended by NUL. */
const text = (payload: DataView | undefined): string | undefined =>
  payload && decoder.decode(payload).replace(/\0.*$/s, '');
