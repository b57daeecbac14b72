import { peerAddress, type PeerKey } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'
import { MetadataDraft } from '../src/metadata-draft.ts'
import { MetadataDrafts } from '../src/metadata-drafts.ts'

const key = (number: number) => number as PeerKey
const mebi = 1024 * 1024

describe('Attempts at metadata', () => {
  test('are one for all peers that claim the same length, until they failed together', () => {
    const drafts = new MetadataDrafts()
    const joint = drafts.find(1_000, key(1), 0)
    expect(drafts.find(1_000, key(2), 0)).toBe(joint)
    expect(drafts.find(1_001, key(3), 0)).not.toBe(joint)
    drafts.separate(1_000)
    const alone = drafts.find(1_000, key(1), 0)
    expect(alone).not.toBe(joint)
    expect(drafts.find(1_000, key(2), 0)).not.toBe(alone)
    expect(drafts.find(1_000, key(1), 0)).toBe(alone)
  })

  test('of large claims share 64 MiB; one that had its turn gives way, for longer each time', () => {
    const drafts = new MetadataDrafts()
    const large = [1, 2, 3, 4].map((at) => drafts.find(16 * mebi - at, key(at), at))
    expect(large).not.toContain(undefined)
    expect(drafts.find(16 * mebi, key(5), 29_000)).toBeUndefined()
    expect(drafts.find(16 * mebi, key(5), 30_001)).toBeDefined()
    expect(drafts.peek(16 * mebi - 1, key(1))).toBeUndefined()
    expect(drafts.peek(16 * mebi - 2, key(2))).toBe(large[1])
    // The first claim comes back in place of the second, and has twice the time now.
    expect(drafts.find(16 * mebi - 1, key(1), 30_002)).toBeDefined()
    for (const at of [2, 3, 4]) expect(drafts.find(16 * mebi - at, key(at), 61_000 + at)).toBeDefined()
    expect(drafts.peek(16 * mebi - 1, key(1))).toBeDefined()
  })

  test('of small claims always begin, whatever the large ones hold', () => {
    const drafts = new MetadataDrafts()
    for (let at = 1; at <= 4; at++) drafts.find(16 * mebi - at, key(at), 0)
    for (let at = 0; at < 50; at++) expect(drafts.find(mebi - at, key(100 + at), 0)).toBeDefined()
  })

  test('of small claims go with the last peer that made the claim, of large ones stay', () => {
    const drafts = new MetadataDrafts()
    const [small, large] = [drafts.find(1_000, key(1), 0), drafts.find(2 * mebi, key(2), 0)]
    drafts.left(1_000, key(1), false)
    expect(drafts.peek(1_000, key(1))).toBe(small)
    drafts.left(1_000, key(1), true)
    drafts.left(2 * mebi, key(2), true)
    expect(drafts.peek(1_000, key(1))).toBeUndefined()
    expect(drafts.peek(2 * mebi, key(2))).toBe(large)
  })
})

describe('One attempt', () => {
  const sender = { key: key(1), address: peerAddress('10.0.0.1', 1) }

  test('gives each peer another piece, then lets a second peer ask, then twice as many each second', () => {
    const draft = new MetadataDraft(20_000, 0)
    for (const peer of [1, 2]) {
      const piece = draft.pick(key(peer), 0)
      expect(piece).toBe(peer - 1)
      draft.ask(piece as number, key(peer), 0)
    }
    expect(draft.pick(key(3), 0)).toBe(0)
    draft.ask(0, key(3), 0)
    draft.ask(1, key(3), 0)
    expect(draft.pick(key(4), 999)).toBeUndefined()
    expect(draft.pick(key(4), 1_000)).toBe(0)
    expect(draft.pick(key(1), 1_000)).toBe(1)
  })

  test('knows who sent what, and takes each piece once', () => {
    const draft = new MetadataDraft(16_385, 0)
    const other = { key: key(2), address: peerAddress('10.0.0.2', 1) }
    expect(draft.add(1, Uint8Array.of(9), sender)).toBe(true)
    expect(draft.add(1, Uint8Array.of(8), other)).toBe(false)
    expect(draft.isComplete).toBe(false)
    draft.add(0, new Uint8Array(16_384), sender)
    expect(draft.isComplete).toBe(true)
    expect(draft.senders).toEqual([sender])
    expect(draft.bytes()).toHaveLength(16_385)
    expect(draft.bytes().at(-1)).toBe(9)
  })
})
