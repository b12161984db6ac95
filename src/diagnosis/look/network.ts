/** Whether packets of a victim are lost: sent again, or dropped. Nobody is named: no file tells whose packets fill a link. */

import type { Verdict } from '../model.ts';
import { advice } from '../remedy.ts';
import { THRESHOLDS } from '../thresholds.ts';
import { figure, percentText } from './change.ts';
import type { CloseLook } from './model.ts';

/** Packets below which a share tells nothing. */
const ENOUGH = 100;

export function networkVerdicts(look: CloseLook, victim: string): Verdict[] {
  const use = look.network.get(victim);
  if (!use) return [];
  const { sent, resent, received, dropped, linkShare, isOwn } = use;
  const resentShare = sent >= ENOUGH ? resent / sent : 0;
  const droppedShare = received >= ENOUGH ? dropped / received : 0;
  const isFull = linkShare >= THRESHOLDS.linkShare && sent + received >= ENOUGH;
  if (resentShare < THRESHOLDS.retransmitShare && droppedShare < THRESHOLDS.dropShare && !isFull) return [];
  const what = [
    ...(resentShare >= THRESHOLDS.retransmitShare
      ? [`${percentText(resentShare)} of what it sends is sent again`]
      : []),
    ...(droppedShare >= THRESHOLDS.dropShare ? [`${percentText(droppedShare)} of its packets are dropped`] : []),
    ...(isFull ? [`a link of the machine is ${percentText(Math.min(1, linkShare))} full`] : []),
  ];
  return [
    {
      cause: 'network',
      loss: Number.NaN,
      sentence: `${what.join(', ')}${isOwn ? '' : ": counted over the host's network namespace, which it shares"}`,
      figures: [
        figure('segments_sent', sent / look.seconds, 'per_second', 'Δ /proc/PID/net/snmp Tcp OutSegs'),
        figure('segments_resent', resent / look.seconds, 'per_second', 'Δ /proc/PID/net/snmp Tcp RetransSegs'),
        figure(
          'link',
          linkShare * 100,
          'percent',
          'Δ /proc/1/net/dev bytes / /sys/class/net/IF/speed, of the fullest link',
        ),
        figure('packets_dropped', dropped / look.seconds, 'per_second', 'Δ /proc/PID/net/dev drop'),
      ],
      suspects: [],
      refusal: 'no suspect',
      remedies: [
        advice(
          { path: victim, name: look.groups.get(victim)?.name ?? victim },
          'no limit helps: look at the link, the peer and the receive buffers',
        ),
      ],
    },
  ];
}
