import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { PieceVerifier, Storage } from '@torrential/contracts'
import { concatBytes, Geometry, type PieceIndex, SeededRandom, toHex } from '@torrential/primitives'
import { faulty, MemoryStorage } from '@torrential/storage'
import PQueue from 'p-queue'
import { PieceCommitter } from '../src/piece-committer.ts'

const run = 16_384
const content = new SeededRandom(7).bytes(5 * run + 100)
const geometry = new Geometry('v1', content.length, [{ length: content.length }])
const piece = 0 as PieceIndex
const sha1 = (...blocks: readonly Uint8Array[]) => {
  const hash = createHash('sha1')
  for (const block of blocks) hash.update(block)
  return hash.digest('hex')
}
const runOf = (index: number) => content.subarray(index * run, (index + 1) * run)

/** Counts the bytes that were hashed as they came. */
class Verifier implements PieceVerifier {
  fed: Uint8Array[] = []
  begun = 0

  verify(_piece: PieceIndex, blocks: readonly Uint8Array[]): boolean {
    return sha1(...blocks) === sha1(content)
  }

  methodOf() {
    return { kind: 'sha1', leaves: 1 } as const
  }

  isDigest(_piece: PieceIndex, digest: Uint8Array): boolean {
    return toHex(digest) === sha1(content)
  }

  begin() {
    this.begun++
    this.fed = []
    const fed = this.fed
    return {
      update: (bytes: Uint8Array) => void fed.push(bytes.slice()),
      matches: () => sha1(...fed) === sha1(content),
    }
  }
}

function setUp(storage: Storage = new MemoryStorage({ geometry })) {
  let readBack = 0
  const counting: Storage = {
    read: (index, offset, length) => {
      readBack += length
      return storage.read(index, offset, length)
    },
    write: (index, offset, blocks) => storage.write(index, offset, blocks),
    flush: () => storage.flush(),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
  const verifier = new Verifier()
  const committer = new PieceCommitter({ geometry, storage: counting, verifier })
  return { committer, storage, verifier, readBack: () => readBack }
}

describe('a piece in memory', () => {
  test('is written when it is right, and not when it is wrong', async () => {
    const { committer, storage } = setUp()
    const wrong = content.slice()
    wrong[5] = (wrong[5] as number) ^ 1
    expect(await committer.commit(piece, [wrong])).toBe(false)
    await expect(storage.read(piece, 0, 1)).rejects.toMatchObject({ code: 'SHORT_READ' })
    expect(await committer.commit(piece, [content.subarray(0, run), content.subarray(run)])).toBe(true)
    expect(toHex(await storage.read(piece, 0, content.length))).toBe(toHex(content))
  })
})

describe('a piece that is hashed elsewhere', () => {
  const blocks = [content.subarray(0, run), content.subarray(run)]
  const right: Uint8Array = createHash('sha1').update(content).digest()

  const cases: readonly (readonly [string, Uint8Array | undefined, boolean])[] = [
    ['the right digest', right, true],
    ['a wrong one', right.map((byte) => byte ^ 1), false],
    ['none', undefined, true],
  ]
  test.each(cases)('%s comes back', async (_, digest, isGood) => {
    const storage = new MemoryStorage({ geometry })
    const waits: number[] = []
    let answer = (_digest: Uint8Array | undefined): void => {}
    const committer = new PieceCommitter({
      geometry,
      storage,
      verifier: new Verifier(),
      wait: (bytes) => waits.push(bytes),
      hashers: { take: () => new Promise((resolve) => (answer = resolve)) },
    })
    const committed = committer.commit(piece, blocks)
    await new Promise((resolve) => setImmediate(resolve))
    // It is in memory, and nothing of it is written before it is known to be right.
    expect(waits).toEqual([content.length])
    await expect(storage.read(piece, 0, 1)).rejects.toMatchObject({ code: 'SHORT_READ' })
    answer(digest)
    expect(await committed).toBe(isGood)
    expect(waits.reduce((sum, bytes) => sum + bytes, 0)).toBe(0)
    const found = await storage.read(piece, 0, content.length).catch(() => new Uint8Array())
    expect(toHex(found)).toBe(isGood ? toHex(content) : '')
  })

  test('is hashed here where nobody takes it', async () => {
    const taken: number[] = []
    const hashers = { take: ({ length }: { readonly length: number }) => void taken.push(length) }
    const storage = new MemoryStorage({ geometry })
    const committer = new PieceCommitter({ geometry, storage, verifier: new Verifier(), hashers })
    expect(await committer.commit(piece, [content.slice().fill(0)])).toBe(false)
    expect(await committer.commit(piece, blocks)).toBe(true)
    expect(taken).toEqual([content.length, content.length])
  })
})

test('writes wait for their turn with us, not in front of the I/O threads', async () => {
  const storage = new MemoryStorage({ geometry })
  const waiting: (() => void)[] = []
  const slow: Storage = {
    read: (index, offset, length) => storage.read(index, offset, length),
    write: () => new Promise((resolve) => waiting.push(resolve)),
    flush: () => storage.flush(),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
  const parts = { geometry, storage: slow, verifier: new Verifier(), turns: new PQueue({ concurrency: 2 }) }
  // The turns are those of all torrents.
  const committers = [new PieceCommitter(parts), new PieceCommitter(parts)]
  const commits = [0, 1, 2, 3, 4].map((at) => (committers[at % 2] as PieceCommitter).commit(piece, [content]))
  await Promise.resolve()
  expect(waiting).toHaveLength(2)
  let most = 0
  const settled = Promise.all(commits)
  for (let done = 0; done < 5; done++) {
    most = Math.max(most, waiting.length)
    waiting.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(await settled).toEqual([true, true, true, true, true])
  expect(most).toBe(2)
})

test('what waits for the disk is counted until it is written or has failed, before anybody hears of that', async () => {
  const storage = new MemoryStorage({ geometry })
  const answers: (() => void)[] = []
  let fails = false
  const slow: Storage = {
    read: (index, offset, length) => storage.read(index, offset, length),
    write: () =>
      new Promise((resolve, reject) => answers.push(() => (fails ? reject(new Error('planned')) : resolve()))),
    flush: () => storage.flush(),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
  let waiting = 0
  const wait = (bytes: number) => void (waiting += bytes)
  const committer = new PieceCommitter({ geometry, storage: slow, verifier: new Verifier(), wait })
  const seen: number[] = []
  const see = () => void seen.push(waiting)
  const first = committer.commit(piece, [content]).then(see)
  const second = committer.write(piece, 0, [runOf(0), runOf(1)]).then(see)
  expect(waiting).toBe(content.length + 2 * run)
  const answer = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    for (const each of answers.splice(0)) each()
  }
  await answer()
  await Promise.all([first, second])
  expect(seen.at(-1)).toBe(0)
  fails = true
  const failed = [committer.commit(piece, [content]).catch(see), committer.write(piece, 0, [runOf(0)]).catch(see)]
  expect(waiting).toBe(content.length + run)
  await answer()
  await Promise.all(failed)
  expect(seen.at(-1)).toBe(0)
  expect(Math.max(...seen)).toBeLessThan(content.length + run)
})

describe('a piece in runs', () => {
  test('is hashed as it comes when it comes in order, and nothing is read back', async () => {
    const { committer, readBack } = setUp()
    for (let index = 0; index < 6; index++) await committer.write(piece, index * run, [runOf(index)])
    expect(await committer.verify(piece)).toBe(true)
    expect(readBack()).toBe(0)
  })

  test('is read back from where the order broke', async () => {
    const { committer, verifier, readBack } = setUp()
    for (const index of [0, 1, 3, 2, 5, 4]) await committer.write(piece, index * run, [runOf(index)])
    expect(await committer.verify(piece)).toBe(true)
    expect(readBack()).toBe(content.length - 3 * run)
    expect(concatBytes(verifier.fed)).toHaveLength(content.length)
  })

  test('is read back whole when its beginning came last', async () => {
    const { committer, readBack } = setUp()
    for (const index of [1, 2, 3, 4, 5, 0]) await committer.write(piece, index * run, [runOf(index)])
    expect(await committer.verify(piece)).toBe(true)
    expect(readBack()).toBe(content.length - run)
  })

  test('starts from nothing after it was given up half way', async () => {
    const { committer, verifier } = setUp()
    await committer.write(piece, 0, [new Uint8Array(run)])
    await committer.write(piece, 2 * run, [runOf(2)])
    await committer.write(piece, run, [runOf(1)])
    for (const index of [0, 3, 4, 5]) await committer.write(piece, index * run, [runOf(index)])
    expect(await committer.verify(piece)).toBe(true)
    expect(verifier.begun).toBe(2)
  })

  test('is wrong when a byte of it is', async () => {
    const { committer } = setUp()
    const wrong = runOf(4).slice()
    wrong[0] = (wrong[0] as number) ^ 1
    for (const index of [0, 1, 2, 3]) await committer.write(piece, index * run, [runOf(index)])
    await committer.write(piece, 4 * run, [wrong])
    await committer.write(piece, 5 * run, [runOf(5)])
    expect(await committer.verify(piece)).toBe(false)
  })

  test('tells of the disk, not of the hash, when it cannot be written or read back', async () => {
    const plan = {
      faults: [
        { call: 'write' as const, from: 2, code: 'ENOSPC' },
        { call: 'read' as const, code: 'EIO' },
      ],
    }
    const { committer } = setUp(faulty(new MemoryStorage({ geometry }), plan))
    await committer.write(piece, run, [runOf(1)])
    await expect(committer.write(piece, 0, [runOf(0)])).rejects.toMatchObject({ code: 'ENOSPC' })
    await committer.write(piece, 2 * run, [runOf(2)])
    await expect(committer.verify(piece)).rejects.toMatchObject({ code: 'EIO' })
  })
})

test('a write waits for room where there is none, and is a sign of life only then', async () => {
  const storage = new MemoryStorage({ geometry })
  const signs: string[] = []
  const write: Storage['write'] = (index, offset, blocks) => {
    signs.push('write')
    return storage.write(index, offset, blocks)
  }
  let free = () => {}
  const room = new Promise<void>((resolve) => (free = resolve))
  const committer = new PieceCommitter({
    geometry,
    storage: Object.assign(Object.create(storage) as Storage, { write }),
    verifier: new Verifier(),
    writing: () => signs.push('writing'),
    room: () => room,
  })
  const committed = committer.commit(piece, [content])
  await new Promise((resolve) => setImmediate(resolve))
  expect(signs).toEqual([])
  free()
  expect([await committed, signs]).toEqual([true, ['writing', 'write']])
})
