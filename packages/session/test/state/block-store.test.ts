import { describe, expect, test } from '@jest/globals'
import { BLOCK_LENGTH, Geometry, type PieceIndex, SeededRandom } from '@torrential/primitives'
import type { HeldRange } from '@torrential/engine'
import { BlockStore, type KeptPiece } from '../../src/state/block-store.ts'
import { sha256Hex } from '../../src/state/sealed-json.ts'
import { TurnBudget } from '../../src/turn-budget.ts'
import { MemoryStateFiles } from './memory-state-files.ts'

const infoHash = '0123456789abcdef0123456789abcdef01234567'
const random = new SeededRandom(5)
// Two pieces of two blocks, and one of a short block.
const geometry = new Geometry('v1', 2 * BLOCK_LENGTH, [{ length: 4 * BLOCK_LENGTH + 100 }])

function pieceOf(
  piece: number,
  blocks: Readonly<Record<number, number>>,
  ranges: readonly HeldRange[] = [],
): KeptPiece {
  const held = Object.entries(blocks).map(([number, length]) => ({
    offset: Number(number) * BLOCK_LENGTH,
    block: Buffer.from(random.bytes(length)),
  }))
  return { piece: piece as PieceIndex, written: ranges, blocks: held }
}

const pieces = [
  pieceOf(1, { 1: BLOCK_LENGTH }, [{ start: 0, end: BLOCK_LENGTH }]),
  pieceOf(0, { 0: BLOCK_LENGTH }),
  pieceOf(2, { 0: 100 }),
]

function storeOf(files: MemoryStateFiles): BlockStore {
  return new BlockStore(files, new TurnBudget(2 * 1024 * 1024))
}

async function written(): Promise<MemoryStateFiles> {
  const files = new MemoryStateFiles()
  await storeOf(files).save(infoHash, pieces)
  return files
}

/** As `toEqual` sees them, whatever kind of array the bytes are in. */
function plain(kept: readonly KeptPiece[] | 'damaged') {
  if (kept === 'damaged') return kept
  return kept.map(({ blocks, ...rest }) => ({
    ...rest,
    blocks: blocks.map((held) => ({ ...held, block: [...held.block] })),
  }))
}

describe('what is kept of incomplete pieces', () => {
  test('comes back as it was, and goes when there is none or it is forgotten', async () => {
    const files = await written()
    const store = storeOf(files)
    expect(plain(await store.load(infoHash, geometry))).toEqual(plain(pieces))
    expect(await store.save(infoHash, [])).toEqual([])
    expect(await files.list()).toEqual([])
    expect(await store.load(infoHash, geometry)).toEqual([])
  })

  test('is all of it in a range that ends with a short block', async () => {
    const files = new MemoryStateFiles()
    const all = [pieceOf(2, {}, [{ start: 0, end: 100 }])]
    expect(await storeOf(files).save(infoHash, all)).toEqual([2])
    expect(await storeOf(files).load(infoHash, geometry)).toEqual(all)
  })

  test('is 16 MiB of blocks at most, of those pieces that come first, and where the others lie on disk', async () => {
    const files = new MemoryStateFiles()
    const large = new Geometry('v1', 2 * BLOCK_LENGTH, [{ length: 2_200 * BLOCK_LENGTH }])
    const block = new Uint8Array(BLOCK_LENGTH)
    const ranges = [{ start: BLOCK_LENGTH, end: 2 * BLOCK_LENGTH }]
    const many = Array.from({ length: 1_100 }, (_, index) => {
      const piece = (1_099 - index) as PieceIndex
      return { piece, written: index < 1_050 ? [] : ranges, blocks: [{ offset: 0, block }] }
    })
    const saved = await storeOf(files).save(infoHash, many)
    const kept = (await storeOf(files).load(infoHash, large)) as readonly KeptPiece[]
    const withBlocks = kept.filter(({ blocks }) => blocks.length > 0)
    expect(withBlocks.map(({ piece }) => piece)).toEqual(many.slice(0, 1_024).map(({ piece }) => piece))
    expect(kept.flatMap(({ written: there }) => there)).toEqual(Array.from({ length: 50 }, () => ranges[0]))
    expect(saved).toHaveLength(1_074)
  })

  test('of the version before, which knew of no ranges, comes back', async () => {
    const files = new MemoryStateFiles()
    const block = random.bytes(BLOCK_LENGTH)
    const body = Buffer.concat([Buffer.from(`${JSON.stringify({ infoHash, places: [[1, 1]] })}\n`), block])
    const text = `torrential blocks 1 ${sha256Hex(body)}\n`
    files.put(`${infoHash}.blocks`, Buffer.concat([Buffer.from(text), body]))
    expect(await storeOf(files).load(infoHash, geometry)).toEqual([
      { piece: 1, written: [], blocks: [{ offset: BLOCK_LENGTH, block }] },
    ])
  })

  test.each([[[[1, 0, 3]]], [[[1, 1, 1]]], [[[3, 0, 1]]], [[[1, -1, 1]]], [[[0, 0.5, 1]]], [[[0, 0]]], [[7]], ['x']])(
    'with a range %j that there is not is damaged',
    async (ranges) => {
      const files = new MemoryStateFiles()
      const body = `${JSON.stringify({ infoHash, places: [], written: ranges })}\n`
      files.put(`${infoHash}.blocks`, Buffer.from(`torrential blocks 1 ${sha256Hex(body)}\n${body}`))
      expect(await storeOf(files).load(infoHash, geometry)).toBe('damaged')
    },
  )

  test('is looked at in turns, and of a piece that is whole by its turn nothing is kept', async () => {
    const files = new MemoryStateFiles()
    const store = new BlockStore(files, new TurnBudget(BLOCK_LENGTH))
    const late = { piece: 1 as PieceIndex, written: [], blocks: [{ offset: 0, block: new Uint8Array(BLOCK_LENGTH) }] }
    const saving = store.save(infoHash, [pieceOf(0, { 0: BLOCK_LENGTH, 1: BLOCK_LENGTH }), late])
    late.blocks.length = 0
    expect(await saving).toEqual([0])
  })

  test('cut, flipped, of another torrent or of another shape, are damaged and never something else', async () => {
    const files = await written()
    const store = storeOf(files)
    const name = `${infoHash}.blocks`
    const bytes = (await files.read(name, 1e6)) as Uint8Array
    for (let round = 0; round < 1_000; round++) {
      const changed = Buffer.from(bytes)
      const at = Math.floor(random.next() * bytes.length)
      changed[at] = (changed[at] as number) ^ (1 << Math.floor(random.next() * 8))
      files.put(name, round % 2 === 0 ? changed : bytes.subarray(0, at))
      expect(await store.load(infoHash, geometry)).toBe('damaged')
    }
    const other = 'f'.repeat(40)
    files.put(`${other}.blocks`, bytes)
    expect(await store.load(other, geometry)).toBe('damaged')
    files.put(name, bytes)
    expect(await store.load(infoHash, new Geometry('v1', BLOCK_LENGTH, [{ length: 100 }]))).toBe('damaged')
    expect(await store.load(infoHash, new Geometry('v1', 2 * BLOCK_LENGTH, [{ length: 4 * BLOCK_LENGTH }]))).toBe(
      'damaged',
    )
  })
})
