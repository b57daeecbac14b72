import { SeededRandom } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { PeerTable } from '../../src/server/peer-table.ts'

const random = new SeededRandom(3)
const nobody: Uint8Array = new Uint8Array(20)
const noKey: Uint8Array = new Uint8Array(6)

function key(n: number): Uint8Array {
  return Uint8Array.of(10, 0, n >> 16, n >> 8, n, 1)
}

function peerId(n: number): Uint8Array {
  return new Uint8Array(20).fill(0x61).map((byte, i) => (i > 15 ? (n >> (8 * (19 - i))) & 255 : byte))
}

/** The peers that a sample gives, as numbers. */
function sample(table: PeerTable, count: number, askerKey = noKey, askerId = nobody): number[] {
  const target = { bytes: new Uint8Array(count * 26), offset: 0, withPeerIds: true }
  const written = table.sample(count, askerKey, askerId, random, target)
  expect(target.offset).toBe(written * 26)
  return Array.from({ length: written }, (_, i) => {
    const entry = target.bytes.subarray(i * 26, i * 26 + 26)
    const n = (entry[2]! << 16) | (entry[3]! << 8) | entry[4]!
    if (Buffer.compare(entry.subarray(6), peerId(n)) !== 0) throw new Error('a peer id is not its own')
    return n
  })
}

describe('a peer table', () => {
  test('does what a Map would do, through growth, removal and expiry', () => {
    const command = fc.oneof(
      { weight: 6, arbitrary: fc.record({ op: fc.constant('put' as const), n: fc.nat(60), seen: fc.nat(100) }) },
      { weight: 4, arbitrary: fc.record({ op: fc.constant('delete' as const), n: fc.nat(60), seen: fc.constant(0) }) },
      { weight: 1, arbitrary: fc.record({ op: fc.constant('expire' as const), n: fc.nat(100), seen: fc.constant(0) }) },
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const table = new PeerTable(4, 5)
        const model = new Map<number, number>()
        for (const { op, n, seen } of commands) {
          if (op === 'put') {
            expect(table.put(key(n), peerId(n), seen)).toBe(!model.has(n))
            model.set(n, seen)
          } else if (op === 'delete') expect(table.delete(key(n))).toBe(model.delete(n))
          else {
            table.expire(n, 1_000)
            for (const [peer, at] of model) if (at < n) model.delete(peer)
          }
        }
        expect(table.size).toBe(model.size)
        for (let n = 0; n <= 60; n++) if (table.has(key(n)) !== model.has(n)) throw new Error(`peer ${n}`)
        expect(sample(table, 61).sort((a, b) => a - b)).toEqual([...model.keys()].sort((a, b) => a - b))
      }),
      { numRuns: 150 },
    )
  })

  test('gives each peer at most once and any as often as others', () => {
    const table = new PeerTable(4, 1)
    for (let n = 0; n < 1_000; n++) table.put(key(n), peerId(n), 0)
    const counts = new Uint32Array(1_000)
    for (let round = 0; round < 400; round++) {
      const chosen = sample(table, 50)
      expect(new Set(chosen).size).toBe(50)
      for (const n of chosen) counts[n]! += 1
    }
    // 20 expected for each.
    expect(Math.min(...counts)).toBeGreaterThan(3)
    expect(Math.max(...counts)).toBeLessThan(45)
  })

  test('leaves out the asker, by address and by peer id', () => {
    const table = new PeerTable(4, 1)
    for (let n = 0; n < 10; n++) table.put(key(n), peerId(n), 0)
    for (let round = 0; round < 50; round++) {
      expect(sample(table, 10, key(3)).sort((a, b) => a - b)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9])
      expect(sample(table, 9, noKey, peerId(4)).sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9])
    }
  })

  test('expires in steps that look at no more than the budget', () => {
    const table = new PeerTable(4, 1)
    for (let n = 0; n < 1_000; n++) table.put(key(n), peerId(n), n % 2)
    let steps = 0
    do {
      expect(table.expire(1, 30)).toBeLessThanOrEqual(30)
      steps += 1
    } while (table.expiring)
    expect(table.size).toBe(500)
    expect(steps).toBe(34)
    const left = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => table.has(key(n)))
    expect(left.every((n) => n % 2 === 1)).toBe(true)
  })

  test('gives memory back, and needs about 40 bytes for a peer', () => {
    const table = new PeerTable(4, 1)
    for (let n = 0; n < 65_536; n++) table.put(key(n), peerId(n), 0)
    expect(table.byteLength / table.size).toBeLessThanOrEqual(40)
    for (let n = 0; n < 65_530; n++) table.delete(key(n))
    expect(table.byteLength).toBeLessThan(1_500)
  })

  test('replaces a random peer', () => {
    const table = new PeerTable(4, 1)
    for (let n = 0; n < 20; n++) table.put(key(n), peerId(n), 0)
    table.replace(key(99), peerId(99), 0, random)
    expect(table.size).toBe(20)
    expect(table.has(key(99))).toBe(true)
  })
})
