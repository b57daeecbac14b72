import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { buildTorrent } from '@torrential/metainfo'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

const tree = { 'tree/a.bin': 300_000, 'tree/b.bin': 300_000 }

async function downloading(bench: BenchFolder) {
  await bench.write(tree)
  const [seeder, seed] = await bench.seed('tree')
  const leecher = await bench.session({ maxDown: 100_000, state: bench.copy('state') })
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
  // In small steps: where the disk lags, all of it would be here before the first pieces count.
  await bench.passUntil(() => leech.stats.have > 3, 10)
  return { seeder, seed, leecher, leech }
}

describe('while a torrent is downloaded', () => {
  test('files are deselected and selected again, several times, and every byte is right', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leech } = await downloading(bench)
    for (const priority of [0, 4, 0, 7, 0, 4]) {
      for (const file of leech.files) file.priority = priority
      await bench.pass(300)
      leech.files[1]!.priority = 0
      await bench.pass(300)
    }
    await bench.passUntil(() => leech.files[0]!.isComplete)
    expect(leech.files[1]!.isComplete).toBe(false)
    leech.files[1]!.priority = 4
    await bench.passUntil(() => leech.isComplete)
    expect([await bench.isCopied(leech), leech.error]).toEqual([true, undefined])
    expect(await readdir(bench.copy())).toEqual(['tree'])
  })

  test('it is removed without its files, and they are good for the next time', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leecher, leech, seed } = await downloading(bench)
    const { have } = leech.stats
    const errors = collect(leecher.events({ types: ['error', 'warning'] }))
    await leecher.remove(leech)
    expect(await readdir(bench.copy('state'))).toEqual(['lock'])
    const again = await leecher.add(seed.torrentFile, { path: bench.copy(), start: false })
    await again.ready
    expect(again.stats.have).toBeGreaterThanOrEqual(have)
    expect(errors).toEqual([])
  })

  test('it is removed with its files, those in the part file too, and nothing else goes', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leecher, leech, seed } = await downloading(bench)
    leech.files[1]!.priority = 0
    await bench.pass(500)
    await writeFile(join(bench.copy(), 'tree', 'mine'), '')
    const errors = collect(leecher.events({ types: ['error', 'warning'] }))
    await leecher.remove(leech, { deleteFiles: true })
    await bench.pass(1_000)
    expect(await readdir(bench.copy(), { recursive: true })).toEqual(['tree', 'tree/mine'])
    expect([errors, seed.status]).toEqual([[], 'seeding'])
  })

  test('it is removed with its files in the middle of a move', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const { leecher, leech } = await downloading(bench)
    const moving = leech.move(bench.copy('elsewhere')).catch((error: unknown) => error)
    await Promise.all([moving, leecher.remove(leech, { deleteFiles: true })])
    expect(await moving).toMatchObject({ code: 'TORRENT_CLOSED' })
    expect(await readdir(bench.copy(), { recursive: true }).catch(() => [])).toEqual([])
    expect(await readdir(bench.copy('elsewhere'), { recursive: true }).catch(() => [])).toEqual([])
  })
})

describe('a path that the file system does not take', () => {
  test('stops its torrent with ENAMETOOLONG and the path; a shorter name helps', async () => {
    await using bench = await BenchFolder.create()
    const path = [...Array.from({ length: 20 }, (_, level) => `${level}`.padEnd(230, 'x')), 'file'].join('/')
    const source = buildTorrent({
      version: 'v1',
      name: 'deep',
      multiFile: true,
      pieceLength: 16_384,
      files: [
        { path: path.split('/'), length: 0 },
        { path: ['b'], length: 10 },
      ],
      pieceHashes: new Uint8Array(20),
    })
    const session = await bench.session()
    const torrent = await session.add(source, { path: bench.copy() })
    const { error } = await eventOf(torrent, 'error')
    expect(error).toMatchObject({ name: 'StorageError', code: 'ENAMETOOLONG' })
    expect(String((error as { path?: string }).path)).toContain(bench.copy())
    await torrent.files[0]!.rename('deep/short')
    const resumed = eventOf(torrent, 'resumed')
    torrent.resume()
    await resumed
    expect(torrent.error).toBeUndefined()
    expect(await readdir(bench.copy('copy/deep'))).toContain('short')
  })
})
