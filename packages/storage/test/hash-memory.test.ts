// Pieces in memory are hashed by a thread that looks at them where they are: the same digests as on this thread.

import { createHash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { HashMethod } from '@torrential/contracts'
import { MerkleHasher } from '@torrential/metainfo'
import { BLOCK_LENGTH, SeededRandom, toHex } from '@torrential/primitives'
import { faultyFileSystem, HashPool, nodeFileSystem } from '@torrential/storage'

const MIB = 1_048_576
const SHA1: HashMethod = { kind: 'sha1', leaves: 1 }
const merkle = (leaves: number): HashMethod => ({ kind: 'merkle-sha256', leaves })

/** Random bytes in blocks of `lengths`, which lie in two memories in turns, with a gap in front of each. */
function blocksOf(lengths: readonly number[], make: (length: number) => ArrayBufferLike = shared): Uint8Array[] {
  const random = new SeededRandom(lengths.length)
  const memories = [0, 1].map(() => make(lengths.reduce((sum, length) => sum + length + 13, 0)))
  let at = 0
  return lengths.map((length, index) => {
    const block = new Uint8Array(memories[index % 2] as ArrayBufferLike, at + 13, length)
    block.set(random.bytes(length))
    at += 13 + length
    return block
  })
}

function shared(length: number): SharedArrayBuffer {
  return new SharedArrayBuffer(length)
}

/** Whole blocks, and a last one of `rest` bytes. */
function cut(blocks: number, rest: number): number[] {
  return [...Array.from({ length: blocks }, () => BLOCK_LENGTH), ...(rest > 0 ? [rest] : [])]
}

function digestHere({ kind, leaves }: HashMethod, blocks: readonly Uint8Array[]): string {
  const hash = kind === 'sha1' ? createHash('sha1') : new MerkleHasher(leaves)
  for (const block of blocks) hash.update(block)
  return toHex(hash.digest())
}

afterEach(() => {
  jest.restoreAllMocks()
})

describe('a piece in memory', () => {
  test.each([
    ['v1, whole blocks', SHA1, cut(16, 0)],
    ['v1, blocks of any length', SHA1, [1, 40_000, 0, 16_384, 7]],
    ['v2, whole blocks', merkle(16), cut(16, 0)],
    ['v2, a short block at the end of a file', merkle(8), cut(4, 1_000)],
    ['v2, less than a block', merkle(1), cut(0, 5)],
  ])('has the digest that it has here: %s', async (_, method, lengths) => {
    await using pool = new HashPool({ workers: 2 })
    const blocks = blocksOf(lengths)
    const digest = await pool.hashBlocks(method, blocks)
    expect(digest && toHex(digest)).toBe(digestHere(method, blocks))
    expect(pool.running).toBe(1)
  })

  test('is not copied: what is in its place when the thread looks is what is hashed', async () => {
    await using pool = new HashPool({ workers: 1 })
    const blocks = blocksOf([BLOCK_LENGTH])
    const digest = pool.hashBlocks(SHA1, blocks)
    // The thread is being started, and has seen nothing yet.
    blocks[0]?.fill(7)
    expect(toHex((await digest) as Uint8Array)).toBe(digestHere(SHA1, [new Uint8Array(BLOCK_LENGTH).fill(7)]))
  })

  test('stays here when a thread cannot see it, or when it is not cut as its tree is', async () => {
    await using pool = new HashPool({ workers: 1 })
    const mine = blocksOf([BLOCK_LENGTH], (length) => new ArrayBuffer(length))
    expect(pool.hashBlocks(SHA1, mine)).toBeUndefined()
    expect(pool.hashBlocks(SHA1, [...blocksOf([BLOCK_LENGTH]), ...mine])).toBeUndefined()
    expect(pool.hashBlocks(merkle(2), blocksOf([1_000, BLOCK_LENGTH]))).toBeUndefined()
    expect(pool.running).toBe(0)
  })

  test('stays here where files are not the machine’s own: such sessions start no threads', async () => {
    await using pool = new HashPool({ fileSystem: faultyFileSystem(nodeFileSystem, () => undefined) })
    expect(pool.hashBlocks(SHA1, blocksOf([BLOCK_LENGTH]))).toBeUndefined()
    expect(pool.running).toBe(0)
  })

  test('stays here while 2 MiB are with threads, unless it is the only one; then there is room again', async () => {
    await using pool = new HashPool({ workers: 2 })
    const [half, large] = [blocksOf([MIB]), blocksOf([MIB, MIB, MIB])]
    const taken = [pool.hashBlocks(SHA1, half), pool.hashBlocks(SHA1, half)]
    expect(taken).not.toContain(undefined)
    expect(pool.hashBlocks(SHA1, blocksOf([1]))).toBeUndefined()
    for (const digest of taken) await digest
    const alone = pool.hashBlocks(SHA1, large)
    expect(alone).toBeDefined()
    expect(pool.hashBlocks(SHA1, blocksOf([1]))).toBeUndefined()
    expect(toHex((await alone) as Uint8Array)).toBe(digestHere(SHA1, large))
    // One thread is enough for what one thread receives.
    expect(pool.running).toBe(1)
  })

  test('comes back without a digest when the pool is closed or its thread is lost', async () => {
    const pool = new HashPool({ workers: 1 })
    const blocks = blocksOf([BLOCK_LENGTH])
    const closing = pool.hashBlocks(SHA1, blocks)
    await pool.close()
    expect(await closing).toBeUndefined()
    expect(pool.hashBlocks(SHA1, blocks)).toBeUndefined()
    await using other = new HashPool({ workers: 1 })
    const start = jest.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker) {
      void this.terminate()
    })
    expect(await other.hashBlocks(SHA1, blocks)).toBeUndefined()
    start.mockRestore()
    expect(toHex((await other.hashBlocks(SHA1, blocks)) as Uint8Array)).toBe(digestHere(SHA1, blocks))
  })
})
