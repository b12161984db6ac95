/**
 * What is made of arrays that are, most of the time, those of the tick before (./copied-on-write.ts): it is made anew only
 * where one of them is another.
 */

/** Makes it of `inputs`, which are arrays, figures and the like, or gives what was made last where they are the same. */
export type MadeFrom<Made> = (inputs: readonly unknown[], make: () => Made) => Made;

export function madeFrom<Made>(): MadeFrom<Made> {
  let last: { readonly inputs: readonly unknown[]; readonly made: Made } | undefined;
  return (inputs, make) => {
    const isSame =
      inputs.length === last?.inputs.length && inputs.every((input, at) => Object.is(input, last?.inputs[at]));
    if (!last || !isSame) last = { inputs, made: make() };
    return last.made;
  };
}
