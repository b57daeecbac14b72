import { createHash } from 'node:crypto'
import { type PeerKey, SeededRandom } from '@torrential/primitives'
import { decodeExtensionHandshake } from '@torrential/protocol'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { MetadataFetch } from '../src/index.ts'
import { type Manner, MetadataBench } from './metadata-bench.ts'

function hashesOf(metadata: Uint8Array): { infoHashV1: Uint8Array; infoHashV2: Uint8Array } {
  const [sha1, sha256] = ['sha1', 'sha256'].map((name) => new Uint8Array(createHash(name).update(metadata).digest()))
  return { infoHashV1: sha1 as Uint8Array, infoHashV2: sha256 as Uint8Array }
}

/** A bench whose peers have `length` bytes, and `manners` connected in that order. */
function benchOf(length: number, manners: readonly Manner[], seed = 1): [MetadataBench, PeerKey[]] {
  const metadata = new SeededRandom(seed).bytes(length)
  const { infoHashV1 } = hashesOf(metadata)
  const bench = new MetadataBench({ metadata, hashes: { infoHashV1 }, seed })
  return [bench, manners.map((manner) => bench.join(manner))]
}

describe('Fetching an info dictionary', () => {
  test('greets with have-none and ut_metadata, and claims no metadata', () => {
    const [bench, [peer]] = benchOf(100, ['honest'])
    expect(bench.greetings.map(({ message }) => message.type)).toEqual(['have-none', 'extended'])
    const [, hello] = bench.greetings
    if (hello?.message.type !== 'extended') throw new Error('no handshake')
    const { extensions, metadataLength } = decodeExtensionHandshake(hello.message.payload)
    expect(hello.peer).toBe(peer)
    expect([...extensions]).toEqual([['ut_metadata', 1]])
    expect(metadataLength).toBeUndefined()
  })

  test.each([1, 16_383, 16_384, 16_385, 163_840, 1_000_003])('gets %d bytes exactly', (length) => {
    const [bench] = benchOf(length, ['honest'])
    bench.run(60_000)
    expect(bench.isRight).toBe(true)
    expect(bench.fetch.deadline).toBe(Number.POSITIVE_INFINITY)
  })

  test('shares the work among peers', () => {
    const alone = benchOf(1_600_000, ['honest'])[0].run(60_000)
    const together = benchOf(1_600_000, ['honest', 'honest', 'honest', 'honest'])[0].run(60_000)
    expect(together).toBeLessThan(alone / 3)
  })

  test('takes a v2 hash, whole or cut short, and both hashes of a hybrid', () => {
    const metadata = new SeededRandom(3).bytes(50_000)
    const { infoHashV1, infoHashV2 } = hashesOf(metadata)
    for (const hashes of [{ infoHashV2 }, { infoHashV2: infoHashV2.subarray(0, 20) }, { infoHashV1, infoHashV2 }]) {
      const bench = new MetadataBench({ metadata, hashes })
      bench.join('honest')
      bench.run(10_000)
      expect(bench.isRight).toBe(true)
    }
  })

  test('is not content when one of two hashes is wrong', () => {
    const metadata = new SeededRandom(3).bytes(50_000)
    const { infoHashV1, infoHashV2 } = hashesOf(metadata)
    const bench = new MetadataBench({
      metadata,
      hashes: { infoHashV1, infoHashV2: infoHashV2.map((byte) => byte ^ 1) },
    })
    const peer = bench.join('honest')
    bench.run(60_000)
    expect(bench.result).toBeUndefined()
    expect(bench.closed.get(peer)).toBe('METADATA_WRONG')
  })

  test('refuses hashes of other lengths, and none', () => {
    const random = new SeededRandom(1)
    for (const hashes of [{}, { infoHashV1: new Uint8Array(19) }, { infoHashV2: new Uint8Array(21) }]) {
      expect(() => new MetadataFetch({ hashes, random })).toThrow(expect.objectContaining({ code: 'INFOHASH_LENGTH' }))
    }
  })

  test('goes on with what is here when a peer leaves', () => {
    const [bench, [first]] = benchOf(1_600_000, ['honest'])
    bench.run(300)
    const before = bench.requests
    bench.leave(first as PeerKey)
    bench.join('honest')
    bench.run(60_000)
    expect(bench.isRight).toBe(true)
    expect(bench.requests).toBeLessThan(98 + 8)
    expect(before).toBeGreaterThan(20)
  })
})

describe('A peer that lies', () => {
  test('alone is known at once, dropped and banned', () => {
    const [bench, [liar]] = benchOf(40_000, ['wrong'])
    bench.run(1_000)
    expect(bench.closed.get(liar as PeerKey)).toBe('METADATA_WRONG')
    expect([...bench.banned]).toEqual([liar])
    bench.join('honest')
    bench.run(1_000)
    expect(bench.isRight).toBe(true)
  })

  test('among honest ones is found by letting each work alone, and only it is banned', () => {
    const [bench, [, liar]] = benchOf(400_000, ['honest', 'wrong', 'honest'])
    bench.run(30_000)
    expect(bench.isRight).toBe(true)
    expect([...bench.banned]).toEqual([liar])
  })

  test('about the length costs the others nothing', () => {
    const honest = benchOf(400_000, ['honest', 'honest'])[0].run(60_000)
    const [bench, liars] = benchOf(400_000, ['huge', 'short', 'long', 'huge', 'honest', 'honest'])
    expect(bench.run(60_000)).toBeLessThan(2 * honest)
    expect(bench.isRight).toBe(true)
    expect(bench.closed.get(liars[0] as PeerKey)).toBe('METADATA_SIZE')
  })

  test('about the length in its pieces is dropped', () => {
    const [bench, [peer]] = benchOf(40_000, ['wavering'])
    bench.run(1_000)
    expect(bench.closed.get(peer as PeerKey)).toBe('METADATA_SIZE')
  })
})

describe('A peer that is no help', () => {
  test('by silence is dropped after three timeouts', () => {
    const [bench, [peer]] = benchOf(40_000, ['silent'])
    bench.run(60_000)
    expect(bench.closed.get(peer as PeerKey)).toBe('METADATA_TIMEOUT')
  })

  test('holds nobody up for more than some seconds, even when ten of them were asked first', () => {
    const [bench] = benchOf(
      10_000,
      Array.from({ length: 10 }, () => 'silent'),
    )
    bench.run(500)
    bench.join('honest')
    expect(bench.run(60_000)).toBeLessThan(4_500)
    expect(bench.isRight).toBe(true)
  })

  test('by rejecting is asked again later, and dropped in the end', () => {
    const [bench, [peer]] = benchOf(40_000, ['rejecting'])
    bench.run(4_000)
    expect(bench.requests).toBe(3)
    bench.run(120_000)
    expect(bench.closed.get(peer as PeerKey)).toBe('METADATA_IDLE')
  })

  test('by having no metadata is kept a minute', () => {
    const [bench, [peer]] = benchOf(40_000, ['empty'])
    bench.run(59_000)
    expect(bench.closed.size).toBe(0)
    bench.run(3_000)
    expect(bench.closed.get(peer as PeerKey)).toBe('METADATA_IDLE')
  })

  test('by talking nonsense is dropped', () => {
    const [bench, [peer]] = benchOf(40_000, ['babbling'])
    bench.run(1_000)
    expect(bench.closed.get(peer as PeerKey)).toBe('EXTENSION_PAYLOAD')
  })
})

describe('Any crowd', () => {
  const manners = fc.constantFrom<Manner>(
    ...(['honest', 'wrong', 'sly', 'short', 'long', 'huge', 'silent'] as const),
    ...(['rejecting', 'empty', 'wavering', 'babbling', 'fleeing'] as const),
  )

  test('with one honest peer in it gives the metadata within a minute, and no honest peer is banned', () => {
    const crowd = fc.record({
      seed: fc.integer({ min: 1, max: 2 ** 30 }),
      length: fc.integer({ min: 1, max: 150_000 }),
      before: fc.array(manners, { maxLength: 8 }),
      after: fc.array(manners, { maxLength: 4 }),
    })
    fc.assert(
      fc.property(crowd, ({ seed, length, before, after }) => {
        const all: Manner[] = [...before, 'honest', ...after]
        const [bench, peers] = benchOf(length, all, seed)
        bench.run(60_000)
        const honest = peers.filter((_, at) => all[at] === 'honest')
        const innocent = peers.filter((_, at) => !['wrong', 'sly', 'short', 'long', 'huge'].includes(all[at] as Manner))
        return (
          bench.isRight &&
          innocent.every((peer) => !bench.banned.has(peer)) &&
          honest.every((peer) => !bench.closed.has(peer))
        )
      }),
      { numRuns: 150 },
    )
  })
})
