import { describe, expect, test } from '@jest/globals'
import { BenchFolder } from './bench-folder.ts'

const tree = { 'tree/a.bin': 300_000, 'tree/deep/b.bin': 70_001, 'tree/empty.txt': '', 'tree/c.txt': 'hello torrent' }

describe('a magnet link', () => {
  test('becomes the torrent, byte for byte, from one peer that the link names', async () => {
    await using bench = await BenchFolder.create()
    await bench.write(tree)
    const [seeder, seed] = await bench.seed('tree')
    const leecher = await bench.session()
    const leech = await leecher.add(`${seed.magnet}&x.pe=${bench.addressOf(seeder)}`, { path: bench.copy() })
    expect(leech.status).toBe('metadata')
    expect(leech.hasMetadata).toBe(false)
    expect(leech.name).toBe('tree')
    expect(leech.infoHash).toBe(seed.infoHash)
    expect(leech.files).toEqual([])
    await leech.ready
    expect(leech.hasMetadata).toBe(true)
    await leech.done
    expect(leech.status).toBe('seeding')
    expect(leech.metainfo.infoBytes).toEqual(seed.metainfo.infoBytes)
    expect(await bench.isCopied(leech)).toBe(true)
  })
})
