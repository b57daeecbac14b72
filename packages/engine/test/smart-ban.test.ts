import { peerAddress, type PeerId, type PeerKey } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import type { Sender } from '../src/holder.ts'
import { digestOf, SmartBan } from '../src/smart-ban.ts'
import { must } from './swarm-bench.ts'

function sender(key: number): Sender {
  return { key: key as PeerKey, peerId: new Uint8Array(20).fill(key) as PeerId, address: peerAddress('10.0.0.1', key) }
}

const good = Array.from({ length: 4 }, (_, at) => new Uint8Array([at]))
const bad = new Uint8Array([99])
const goodAt = (block: number) => digestOf(must(good[block]))

describe('SmartBan', () => {
  test('convicts the only sender of a failed piece', () => {
    const [a] = [sender(1)]
    expect(new SmartBan().failed(3, good.map(digestOf), [a, a, a, a])).toBe(a)
  })

  test('convicts whoever sent the block that differs, when the piece passes later, and nobody else', () => {
    const ban = new SmartBan()
    const [a, b, c] = [sender(1), sender(2), sender(3)]
    const sent = [good[0], good[1], bad, good[3]] as Uint8Array[]
    expect(ban.failed(3, sent.map(digestOf), [a, b, c, a])).toBeUndefined()
    expect(ban.hasEvidence(3)).toBe(true)
    expect(ban.passed(3, goodAt)).toEqual([c])
    expect(ban.hasEvidence(3)).toBe(false)
    expect(ban.passed(3, goodAt)).toEqual([])
  })

  test('remembers every attempt at a piece', () => {
    const ban = new SmartBan()
    const [a, b, c] = [sender(1), sender(2), sender(3)]
    ban.failed(0, [bad, good[1] as Uint8Array].map(digestOf), [a, b])
    ban.failed(0, [good[0] as Uint8Array, bad].map(digestOf), [b, c])
    expect(
      ban
        .passed(0, goodAt)
        .map(({ key }) => key)
        .sort((x, y) => x - y),
    ).toEqual([1, 3])
  })

  test('says nothing about blocks whose digest is unknown', () => {
    const ban = new SmartBan()
    ban.failed(0, [undefined, digestOf(bad)], [sender(1), sender(2)])
    expect(ban.passed(0, (block) => (block === 0 ? goodAt(0) : undefined))).toEqual([])
  })

  test('forgets the oldest pieces when there is too much to remember', () => {
    const ban = new SmartBan()
    const digest = digestOf(bad)
    const digests = Array.from({ length: 16_384 }, () => digest)
    const senders = digests.map((_, at) => sender(at % 2))
    for (let piece = 0; piece < 9; piece++) ban.failed(piece, digests, senders)
    expect(ban.hasEvidence(0)).toBe(false)
    expect(ban.hasEvidence(8)).toBe(true)
  })
})
