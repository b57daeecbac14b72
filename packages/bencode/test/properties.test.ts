// Properties over random values and mutated bytes, with the npm package as the second opinion. The seed is in each group's
// name; set FUZZ_SEED to replay one.

import { describe, expect, test } from '@jest/globals'
import { compareBytes, fromLatin1, SeededRandom, toLatin1 } from '@torrential/primitives'
import bencode from 'bencode'
import * as fc from 'fast-check'
import { type BencodeValue, decode, decodeWithSpans, encode, validate } from '../src/index.ts'
import { codeOf } from './support.ts'

const seed = Number(process.env.FUZZ_SEED ?? 20_250_101)
const MUTANTS = 20_000

const key = fc.oneof(
  fc.string({ maxLength: 6, unit: 'binary-ascii' }),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => toLatin1(bytes)),
  fc.constantFrom('__proto__', 'constructor', 'info', '10', '9', ''),
)
const { value } = fc.letrec<{ value: BencodeValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.maxSafeInteger(),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
    fc.uint8Array({ maxLength: 12 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
  ),
}))

/** What the npm package reads, in our terms; text keys only, and no integers above 2^53. */
function simplify(input: BencodeValue): unknown {
  if (input instanceof Map) {
    return Object.fromEntries([...input].map(([name, item]) => [name, simplify(item)]))
  }
  return Array.isArray(input) ? input.map((item) => simplify(item)) : input
}

describe(`over random values, seed ${seed}`, () => {
  test('encode, decode and encode again give the same bytes and the same value', () => {
    fc.assert(
      fc.property(value, (input) => {
        const bytes = encode(input)
        const again = decode(bytes)
        expect(encode(again)).toEqual(bytes)
        expect(validate(bytes)).toBe(bytes.length)
        expect(sorted(again)).toEqual(sorted(input))
      }),
      { seed, numRuns: 1500 },
    )
  })

  test('the npm package reads what we write as we do, where it can read it at all', () => {
    const plainKey = fc.string({ maxLength: 6, unit: fc.constantFrom('a', 'b', 'x', ' ') }).map((text) => `k${text}`)
    const plain = fc.letrec<{ value: BencodeValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.maxSafeInteger(),
        fc.uint8Array({ maxLength: 8 }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(plainKey, tie('value')).map((object) => new Map(Object.entries(object))),
      ),
    })).value
    fc.assert(
      fc.property(plain, (input) => {
        const bytes = encode(input)
        expect(simplify(decode(bytes))).toEqual(bencode.decode(bytes))
        expect(bencode.encode(simplify(input))).toEqual(bytes)
      }),
      { seed, numRuns: 800 },
    )
  })

  test('a span is exactly the encoding of the value that it leads to', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value), { maxLength: 6 }), (entries) => {
        const map = new Map(entries)
        const decoded = decodeWithSpans(encode(map))
        for (const [name, item] of map) expect(decoded.slice(name)).toEqual(encode(item))
      }),
      { seed, numRuns: 500 },
    )
  })
})

describe(`over mutated bytes, seed ${seed}`, () => {
  const samples = [
    'd8:announce3:abc4:infod6:lengthi10e4:name1:a12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaaee',
    'd1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe',
    'lli1ei-2ei9007199254740993eel0:3:abcedee',
    'd2:\xff\xfei1e9:__proto__d1:ai1eee',
  ].map((text) => fromLatin1(text))

  test(`${MUTANTS} mutants: refused with a code, or accepted and then canonical and readable by the npm package`, () => {
    const random = new SeededRandom(seed)
    let accepted = 0
    for (const mutant of mutants(samples, random)) {
      const code = codeOf(() => validate(mutant))
      if (code !== 'nothing') {
        if (!/^BENCODE_[A-Z_]+$/.test(code)) throw new Error(`seed ${seed}: ${toLatin1(mutant)} gave ${code}`)
        continue
      }
      accepted++
      const again = encode(decode(mutant))
      if (compareBytes(again, mutant) !== 0) throw new Error(`seed ${seed}: ${toLatin1(mutant)} is not canonical`)
      // Safe only because it was validated; the result is compared by size, as its keys are lossy.
      if (bencode.decode(mutant) === null) throw new Error(`seed ${seed}: ${toLatin1(mutant)} has no value`)
    }
    expect(accepted).toBeGreaterThan(MUTANTS / 50)
    expect(accepted).toBeLessThan(MUTANTS)
  })

  test(`${MUTANTS} mutants in lenient mode: what is accepted re-encodes to the same length and the same value`, () => {
    const random = new SeededRandom(seed + 1)
    let unordered = 0
    for (const mutant of mutants(samples, random)) {
      if (codeOf(() => validate(mutant, { mode: 'lenient' })) !== 'nothing') continue
      if (codeOf(() => validate(mutant)) === 'BENCODE_KEY_ORDER') unordered++
      const again = encode(decode(mutant, { mode: 'lenient' }))
      if (again.length !== mutant.length) throw new Error(`seed ${seed}: ${toLatin1(mutant)} changed its length`)
      expect(codeOf(() => validate(again))).toBe('nothing')
    }
    expect(unordered).toBeGreaterThan(0)
  })
})

/** Keys in the order of their bytes, at every level: Maps compare in any order, but this also shows what differs. */
function sorted(input: BencodeValue): unknown {
  if (Array.isArray(input)) return input.map((item) => sorted(item))
  if (!(input instanceof Map)) return input
  return [...input].map(([name, item]) => [name, sorted(item)]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))
}

/** Mutants of the samples in turn. */
function* mutants(samples: readonly Uint8Array[], random: SeededRandom): Generator<Uint8Array> {
  for (let made = 0; made < MUTANTS; made += samples.length) {
    for (const sample of samples) yield mutate(sample, random)
  }
}

/** One to three of: change a byte, put in a token, take bytes out, copy a stretch, cut the end. */
function mutate(sample: Uint8Array, random: SeededRandom): Uint8Array {
  const below = (limit: number) => Math.floor(random.next() * limit)
  const tokens = ['i', 'e', 'd', 'l', ':', '-', '0', '9', '1:a', 'i0e', 'le', 'de', '-3:', '9'.repeat(20)]
  let bytes = [...sample]
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const at = below(bytes.length)
    const kind = below(5)
    if (kind === 0) bytes[at] = random.next() < 0.5 ? below(256) : 0x30 + below(10)
    else if (kind === 1) bytes.splice(at, below(3), ...fromLatin1(tokens.at(below(tokens.length)) ?? ''))
    else if (kind === 2) bytes.splice(at, 1 + below(4))
    else if (kind === 3) bytes.splice(at, 0, ...bytes.slice(below(bytes.length), below(bytes.length)))
    else bytes = bytes.slice(0, at + 1)
    if (bytes.length === 0) bytes = [0x65]
  }
  return Uint8Array.from(bytes)
}
