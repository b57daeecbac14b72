// Damage: to bytes, and to values inside a decoded structure.

import type { BencodeValue, Encodable } from '@torrential/bencode'
import type { SeededRandom } from '@torrential/primitives'

const NUMBERS: readonly Encodable[] = [
  0,
  -1,
  1,
  2,
  3,
  16_383,
  16_384,
  32_768,
  2 ** 31,
  2 ** 32,
  2 ** 52,
  2 ** 53 - 1,
  2n ** 53n,
  -(2n ** 63n),
  2n ** 64n - 1n,
]
const TEXTS = [
  '',
  '.',
  '..',
  '/',
  'a',
  'A',
  '\\',
  'C:',
  'con',
  'x\0y',
  '__proto__',
  'x'.repeat(300),
  'p',
  'l',
  '\ud800',
  '\u202e',
  'udp://t.example:1',
]
const KEYS = [
  '',
  'length',
  'files',
  'path',
  'path.utf-8',
  'attr',
  'symlink path',
  'meta version',
  'file tree',
  'pieces',
  'pieces root',
  'name.utf-8',
  'private',
  '__proto__',
]

export class Mutator {
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
  }

  below(limit: number): number {
    return Math.floor(this.#random.next() * limit)
  }

  pick<T>(from: readonly T[], otherwise: T): T {
    return from.at(this.below(from.length)) ?? otherwise
  }

  /** One to three bytes changed, put in, or taken out. */
  bytes(input: Uint8Array): Uint8Array {
    const bytes = [...input]
    for (let changes = 1 + this.below(3); changes > 0; changes--) {
      const at = this.below(bytes.length)
      const kind = this.below(4)
      if (kind === 0) bytes.splice(at, 1, this.below(256))
      else if (kind === 1) bytes.splice(at, 1, 0x30 + this.below(10))
      else if (kind === 2) bytes.splice(at, 0, this.pick([0x65, 0x64, 0x6c, 0x69, 0x3a, 0x2d, 0x30], 0))
      else bytes.splice(at, 1 + this.below(3))
    }
    return Uint8Array.from(bytes)
  }

  /** A copy with one to three values somewhere inside changed. */
  value(input: BencodeValue): Encodable {
    let value: Encodable = input
    for (let changes = 1 + this.below(3); changes > 0; changes--) value = this.#change(value as BencodeValue)
    return value
  }

  #change(value: BencodeValue): Encodable {
    if (value instanceof Map) return this.#dictionary(value)
    if (Array.isArray(value)) return this.#list(value)
    if (value instanceof Uint8Array) return this.below(3) === 0 ? this.#other() : this.#string(value)
    return this.below(4) === 0 ? this.#other() : this.pick(NUMBERS, 0)
  }

  #dictionary(dict: ReadonlyMap<string, BencodeValue>): Encodable {
    const copy = new Map<string, Encodable>(dict)
    const keys = [...dict.keys()]
    const key = this.pick(keys, '')
    const inner = dict.get(key)
    const kind = this.below(12)
    if (kind === 0) copy.delete(key)
    else if (kind === 1) copy.set(this.pick(KEYS, ''), inner ?? 0)
    else if (kind === 2) copy.set(this.pick(KEYS, ''), this.#other())
    else if (kind === 3) copy.set(key, dict.get(this.pick(keys, '')) ?? 0)
    else if (inner !== undefined) copy.set(key, this.#change(inner))
    return copy
  }

  #list(list: readonly BencodeValue[]): Encodable {
    const copy: Encodable[] = [...list]
    const at = this.below(list.length)
    const inner = list.at(at)
    const kind = this.below(8)
    if (kind === 0 || inner === undefined) copy.splice(at, 1)
    else if (kind === 1) copy.push(inner)
    else if (kind === 2) copy.splice(at, 0, this.#other())
    else copy.splice(at, 1, this.#change(inner))
    return copy
  }

  #string(bytes: Uint8Array): Encodable {
    const kind = this.below(4)
    if (kind === 0) return bytes.subarray(this.below(bytes.length + 1))
    if (kind === 1) return Uint8Array.from([...bytes, ...bytes])
    if (kind === 2) return this.pick(TEXTS, '')
    return bytes.length === 0 ? 'x' : this.bytes(bytes)
  }

  #other(): Encodable {
    const kinds: readonly Encodable[] = [
      this.pick(NUMBERS, 0),
      this.pick(TEXTS, ''),
      [],
      {},
      [this.pick(TEXTS, '')],
      { '': { length: 1 } },
    ]
    return this.pick(kinds, 0)
  }
}
