// Bencode by its grammar, with the mistakes that people and attackers make.

import type { Dice } from './dice.ts'
import { texts } from './outcome.ts'

export const BENCODE_WORDS = texts(
  'e',
  'd',
  'l',
  'i0e',
  'i-0e',
  'i01e',
  'i-1e',
  'i9007199254740993e',
  'i18446744073709551616e',
  '-3:',
  '0:',
  '00:',
  '4294967296:',
  '999999999999999:',
  '9:__proto__',
  'llllllllllllllll',
  'd1:ad1:ad1:a',
)

/** `keys` are what dictionaries of this kind of message hold. */
export function bencodeText(dice: Dice, keys: readonly string[], depth = 0): string {
  const kind = dice.below(depth > 4 ? 3 : 6)
  if (kind === 0) return `i${integer(dice)}e`
  if (kind <= 2) return bytes(dice, dice.oneIn(3) ? dice.pick(keys) : latin1(dice, dice.size(80)))
  const items = Array.from({ length: dice.size(6) }, () => bencodeText(dice, keys, depth + 1))
  return kind === 3 ? `l${items.join('')}e` : dictionary(dice, keys, depth)
}

/** A dictionary of some of `keys`, in order unless it is not. */
export function dictionary(dice: Dice, keys: readonly string[], depth = 0): string {
  const chosen = [...new Set(Array.from({ length: 1 + dice.below(keys.length + 1) }, () => dice.pick(keys)))]
  if (!dice.oneIn(20)) chosen.sort()
  return `d${chosen.map((key) => `${key.length}:${key}${bencodeText(dice, keys, depth + 1)}`).join('')}e`
}

function bytes(dice: Dice, content: string): string {
  const length = dice.oneIn(60) ? dice.uint32() : content.length
  return `${length}:${content}`
}

function integer(dice: Dice): string {
  const edges = [
    '0',
    '-1',
    '1',
    '9007199254740991',
    '9007199254740992',
    '-9223372036854775808',
    '18446744073709551615',
    '-',
    '',
  ]
  return dice.oneIn(4) ? dice.pick(edges) : String(dice.uint32())
}

function latin1(dice: Dice, length: number): string {
  return Buffer.from(dice.bytes(length)).toString('latin1')
}
