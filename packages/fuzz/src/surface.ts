// What the fuzzer knows of one input: how good ones look, and how to tell whether one was treated right.

import type { Dice } from './dice.ts'

/**
 * What became of an input, in a few words: the error's code, or something about the value. Inputs with a verdict that is new are
 * kept and mutated further, so it should tell ways through the code apart, and be one of at most some hundred.
 */
export type Verdict = string

export interface Surface {
  readonly name: string
  /** Good inputs, written by hand or recorded. */
  readonly seeds: readonly Uint8Array[]
  /** Words of the grammar that a mutation puts in. */
  readonly words: readonly Uint8Array[]
  /** An input put together by the grammar; not always a good one. */
  generate(dice: Dice): Uint8Array
  /**
   * Feeds the input. Resolves with a verdict when it was treated as promised.
   * @throws Finding, or anything that should not have been thrown
   */
  judge(input: Uint8Array): Verdict | Promise<Verdict>
  /** Share of the runs that it gets, compared with the others. @default 1 */
  readonly weight?: number
}

/** A promise that was broken. */
export class Finding extends Error {}

export function expectThat(condition: boolean, promise: string): asserts condition {
  if (!condition) throw new Finding(promise)
}
