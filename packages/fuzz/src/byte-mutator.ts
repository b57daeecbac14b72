// Damage to bytes of which nothing is known: bits, cuts, copies, words of the grammar, parts of another input, numbers near edges.

import type { Dice } from './dice.ts'

/** Longer ones are cut: what is long is not more interesting, only slower. */
const MOST = 65_536
const EDGES = [0x00, 0xff, 0x7f, 0x80, 0x2d, 0x30, 0x39, 0x3a, 0x65, 0x25]

/** A copy with one to four damages; `others` are inputs to cross with. */
export function mutateBytes(
  input: Uint8Array,
  dice: Dice,
  words: readonly Uint8Array[],
  others: readonly Uint8Array[],
): Uint8Array {
  let bytes = input
  for (let damages = 1 + dice.below(4); damages > 0; damages--) bytes = damage(bytes, dice, words, others)
  return bytes.length > MOST ? bytes.subarray(0, MOST) : bytes
}

function damage(
  input: Uint8Array,
  dice: Dice,
  words: readonly Uint8Array[],
  others: readonly Uint8Array[],
): Uint8Array {
  const at = dice.below(input.length + 1)
  const to = Math.min(input.length, at + dice.size(40))
  switch (dice.below(9)) {
    case 0:
      return changed(input, at, (byte) => byte ^ (1 << dice.below(8)))
    case 1:
      return changed(input, at, () => dice.pick(EDGES))
    case 2:
      return changed(input, at, (byte) => byte + (dice.oneIn(2) ? 1 : 255))
    case 3:
      return input.subarray(0, at)
    case 4:
      return joined(input.subarray(0, at), input.subarray(to))
    case 5:
      return joined(input.subarray(0, to), input.subarray(at))
    case 6:
      return joined(input.subarray(0, at), dice.bytes(dice.size(12)), input.subarray(at))
    case 7: {
      if (words.length === 0) return input
      // Instead of as many bytes, or between them.
      const word = dice.pick(words)
      return joined(
        input.subarray(0, at),
        word,
        input.subarray(dice.oneIn(2) ? at : Math.min(input.length, at + word.length)),
      )
    }
    default: {
      if (others.length === 0) return input
      const other = dice.pick(others)
      return joined(input.subarray(0, at), other.subarray(dice.below(other.length + 1)))
    }
  }
}

function changed(input: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  const copy = input.slice()
  if (at < copy.length) copy[at] = change(copy[at] ?? 0)
  return copy
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
