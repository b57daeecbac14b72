import { describe, expect, test } from '@jest/globals'
import { BLOCK_LENGTH, Geometry, type PieceIndex, SeededRandom } from '@torrential/primitives'
import { BlockStore, type KeptBlock } from '../../src/state/block-store.ts'
import { MemoryStateFiles } from './memory-state-files.ts'

const infoHash = '0123456789abcdef0123456789abcdef01234567'
const random = new SeededRandom(5)
// Two pieces of two blocks, and one of a short block.
const geometry = new Geometry('v1', 2 * BLOCK_LENGTH, [{ length: 4 * BLOCK_LENGTH + 100 }])

function blockOf(piece: number, number: number, length = BLOCK_LENGTH): KeptBlock {
  return { piece: piece as PieceIndex, offset: number * BLOCK_LENGTH, block: random.bytes(length) }
}

const blocks = [blockOf(1, 1), blockOf(0, 0), blockOf(2, 0, 100)]

async function written(): Promise<MemoryStateFiles> {
  const files = new MemoryStateFiles()
  await new BlockStore(files).save(infoHash, blocks)
  return files
}

describe('blocks', () => {
  test('come back as they were kept, and go when there are none or they are forgotten', async () => {
    const files = await written()
    const store = new BlockStore(files)
    expect(await store.load(infoHash, geometry)).toEqual(blocks)
    await store.save(infoHash, [])
    expect(await files.list()).toEqual([])
    expect(await store.load(infoHash, geometry)).toEqual([])
  })

  test('are 16 MiB at most', async () => {
    const files = new MemoryStateFiles()
    const large = new Geometry('v1', BLOCK_LENGTH, [{ length: 1_100 * BLOCK_LENGTH }])
    const block = new Uint8Array(BLOCK_LENGTH)
    const many = Array.from({ length: 1_100 }, (_, piece) => ({ piece: piece as PieceIndex, offset: 0, block }))
    await new BlockStore(files).save(infoHash, many)
    expect(await new BlockStore(files).load(infoHash, large)).toHaveLength(1_024)
  })

  test('cut, flipped, of another torrent or of another shape, are damaged and never something else', async () => {
    const files = await written()
    const store = new BlockStore(files)
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
