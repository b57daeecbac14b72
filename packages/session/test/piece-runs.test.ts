import { describe, expect, test } from '@jest/globals'
import type { Storage } from '@torrential/contracts'
import { concatBytes, Geometry, type PieceIndex, SeededRandom, StorageError } from '@torrential/primitives'
import { MemoryStorage } from '@torrential/storage'
import PQueue from 'p-queue'
import { PieceRuns } from '../src/piece-runs.ts'

const KIB = 1_024
const turned = () => new Promise((resolve) => setImmediate(resolve))

interface Write {
  readonly piece: number
  readonly bytes: number
}

/** A storage whose writes are noted, and fail where `bad` is among their pieces. */
class Noted implements Storage {
  readonly writes: Write[] = []
  bad: number | undefined
  readonly #geometry: Geometry
  readonly #inner: MemoryStorage

  constructor(geometry: Geometry) {
    this.#geometry = geometry
    this.#inner = new MemoryStorage({ geometry })
  }

  async write(piece: PieceIndex, offset: number, blocks: readonly Uint8Array[]): Promise<void> {
    const bytes = blocks.reduce((sum, block) => sum + block.length, 0)
    this.writes.push({ piece, bytes })
    await turned()
    const end = piece + Math.ceil(bytes / this.#geometry.pieceLength)
    if (this.bad !== undefined && piece <= this.bad && this.bad < end) throw new StorageError('EIO', 'planned')
    await this.#inner.write(piece, offset, blocks)
  }

  read(piece: PieceIndex, offset: number, length: number): Promise<Uint8Array> {
    return this.#inner.read(piece, offset, length)
  }

  flush(): Promise<void> {
    return this.#inner.flush()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#inner[Symbol.asyncDispose]()
  }
}

function setUp(geometry: Geometry) {
  const storage = new Noted(geometry)
  const queue = new PQueue({ concurrency: 1 })
  const runs = new PieceRuns({ geometry, storage, turn: (write) => queue.add(write) })
  const contents = Array.from({ length: geometry.pieceCount }, (_, index) =>
    new SeededRandom(index + 1).bytes(geometry.lengthOf(index as PieceIndex)),
  )
  const add = (...pieces: readonly number[]) =>
    Promise.allSettled(
      pieces.map((piece) => {
        const bytes = contents[piece] as Uint8Array
        return runs.add(piece as PieceIndex, [bytes.subarray(0, 1_000), bytes.subarray(1_000)])
      }),
    )
  const isRight = async (...pieces: readonly number[]) => {
    const read = await Promise.all(
      pieces.map((piece) => storage.read(piece as PieceIndex, 0, (contents[piece] as Uint8Array).length)),
    )
    return Buffer.compare(concatBytes(read), concatBytes(pieces.map((piece) => contents[piece] as Uint8Array))) === 0
  }
  return { storage, queue, add, isRight }
}

const lined = (count: number, pieceLength = 16 * KIB) =>
  new Geometry('v1', pieceLength, [{ length: count * pieceLength - 5_000 }])

describe('pieces that are verified in one turn', () => {
  test('are one write where they follow one another, whatever comes between them', async () => {
    const { storage, add, isRight } = setUp(lined(12))
    const settled = await add(3, 9, 4, 10, 5, 11, 7)
    expect(settled.map(({ status }) => status)).toEqual(Array(7).fill('fulfilled'))
    expect(storage.writes).toEqual([
      { piece: 3, bytes: 48 * KIB },
      { piece: 9, bytes: 48 * KIB - 5_000 },
      { piece: 7, bytes: 16 * KIB },
    ])
    expect(await isRight(3, 4, 5, 7, 9, 10, 11)).toBe(true)
  })

  test('are written in runs of a mebibyte at most', async () => {
    const { storage, add } = setUp(lined(10, 256 * KIB))
    await add(0, 1, 2, 3, 4, 5, 6, 7, 8)
    expect(storage.writes.map(({ bytes }) => bytes)).toEqual([1_024 * KIB, 1_024 * KIB, 256 * KIB])
    const large = setUp(lined(3, 2_048 * KIB))
    await large.add(0, 1)
    expect(large.storage.writes.map(({ bytes }) => bytes)).toEqual([2_048 * KIB, 2_048 * KIB])
  })

  test('are apart where a gap is between them', async () => {
    // v2: behind the 20 KiB of the first file comes nothing until the third piece.
    const { storage, add, isRight } = setUp(new Geometry('v2', 16 * KIB, [{ length: 20 * KIB }, { length: 40 * KIB }]))
    await add(0, 1, 2, 3, 4)
    expect(storage.writes).toEqual([
      { piece: 0, bytes: 20 * KIB },
      { piece: 2, bytes: 40 * KIB },
    ])
    expect(await isRight(0, 1, 2, 3, 4)).toBe(true)
  })
})

test('pieces that come while others are written wait for the disk together', async () => {
  const { storage, queue, add } = setUp(lined(12))
  let go = () => {}
  void queue.add(() => new Promise<void>((resolve) => (go = resolve)))
  const first = add(0, 1)
  await turned()
  const second = add(2, 3)
  await turned()
  expect(storage.writes).toEqual([])
  go()
  await Promise.resolve().then(() => turned())
  expect(storage.writes).toEqual([{ piece: 0, bytes: 64 * KIB }])
  // What has begun is not added to.
  const third = add(4)
  await Promise.all([first, second, third])
  expect(storage.writes).toEqual([
    { piece: 0, bytes: 64 * KIB },
    { piece: 4, bytes: 16 * KIB },
  ])
})

test('of a run that cannot be written, the pieces that can be are, and the others fail', async () => {
  const { storage, add, isRight } = setUp(lined(12))
  storage.bad = 5
  const settled = await add(4, 5, 6)
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(settled[1]).toMatchObject({ reason: { code: 'EIO' } })
  expect(storage.writes.map(({ piece }) => piece)).toEqual([4, 4, 5, 6])
  expect(await isRight(4, 6)).toBe(true)
  storage.bad = undefined
  expect(await add(5, 6)).toHaveLength(2)
  expect(await isRight(4, 5, 6)).toBe(true)
})

test('a turn that does not come fails every piece of the run', async () => {
  const geometry = lined(4)
  const reason = new StorageError('STORAGE_CLOSED', 'planned')
  const runs = new PieceRuns({ geometry, storage: new Noted(geometry), turn: () => Promise.reject(reason) })
  const add = (piece: number) => runs.add(piece as PieceIndex, [new Uint8Array(16 * KIB)])
  expect(await Promise.allSettled([add(0), add(1)])).toEqual([
    { status: 'rejected', reason },
    { status: 'rejected', reason },
  ])
})
