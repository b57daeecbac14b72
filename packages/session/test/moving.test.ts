import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { Torrent } from '@torrential/session'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

const tree = { 'tree/a.bin': 300_000, 'tree/sub/b.bin': 200_000, 'tree/c.bin': 100_000 }

async function isWhole(bench: BenchFolder, torrent: Torrent): Promise<boolean> {
  const originals = Object.keys(tree)
  for (const [index, file] of torrent.files.entries()) {
    const original = await readFile(join(bench.copy('kept'), originals.sort()[index] as string))
    if (Buffer.compare(original, await readFile(join(torrent.path, file.path))) !== 0) return false
  }
  return true
}

/** A seed of the tree, and a copy of its files that nobody touches. */
async function seeded(bench: BenchFolder, options = {}) {
  await bench.write(tree)
  for (const path of Object.keys(tree)) {
    const target = join(bench.copy('kept'), path)
    await mkdir(join(target, '..'), { recursive: true })
    await writeFile(target, await readFile(join(bench.path, 'origin', path)))
  }
  return bench.seed('tree', options)
}

describe('torrent.move', () => {
  test('while it is seeded and downloaded: both go on, and all files are at the new places, byte for byte', async () => {
    await using bench = await BenchFolder.create()
    const [seeder, seed] = await seeded(bench, { readCache: 1 })
    const leecher = await bench.session({ maxDown: 3_000_000 })
    const told = collect(leecher.events({ types: ['moved', 'file-moved'] }))
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await eventOf(leech, 'piece')
    await Promise.all([seed.move(bench.copy('seed elsewhere')), leech.move(bench.copy('one'))])
    await Promise.all([leech.move(bench.copy('two')), leech.done])
    expect([seed.path, leech.path]).toEqual([bench.copy('seed elsewhere'), bench.copy('two')])
    expect([seed.status, leech.status]).toEqual(['seeding', 'seeding'])
    expect(await isWhole(bench, leech)).toBe(true)
    expect(await isWhole(bench, seed)).toBe(true)
    expect([seed.error, leech.error]).toEqual([undefined, undefined])
    await bench.settle()
    expect(told.filter(({ type }) => type === 'moved')).toMatchObject([
      { torrent: leech, from: bench.copy(), to: bench.copy('one') },
      { torrent: leech, from: bench.copy('one'), to: bench.copy('two') },
    ])
    for (const old of [bench.copy(), bench.copy('one')]) expect(await readdir(old)).toEqual([])
    await leech.check()
    expect(leech.isComplete).toBe(true)
  })

  test('replaces nothing unless asked to, and the torrent goes on where it was', async () => {
    await using bench = await BenchFolder.create()
    const [, seed] = await seeded(bench, { state: bench.copy('state') })
    const target = bench.copy('full')
    await mkdir(join(target, 'tree'), { recursive: true })
    await writeFile(join(target, 'tree/c.bin'), 'mine')
    const path = join(target, 'tree/c.bin')
    await expect(seed.move(target)).rejects.toMatchObject({ name: 'StorageError', code: 'FILE_EXISTS', path })
    expect(await readFile(path, 'utf8')).toBe('mine')
    expect([seed.status, seed.path]).toEqual(['seeding', join(bench.path, 'origin')])
    expect(await isWhole(bench, seed)).toBe(true)
    await seed.move(target, { overwrite: true })
    expect(await isWhole(bench, seed)).toBe(true)
    expect(seed.path).toBe(target)
  })

  test('is an error once the torrent is closed, and ends at once by its signal', async () => {
    await using bench = await BenchFolder.create()
    const [seeder, seed] = await seeded(bench)
    await expect(seed.move(bench.copy(), { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no')
    await seeder.close()
    await expect(seed.move(bench.copy())).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
    await expect(seed.files[0]!.rename('x')).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
  })

  test('of a magnet link without metadata says where the files will be', async () => {
    await using bench = await BenchFolder.create()
    const [seeder, seed] = await seeded(bench)
    const session = await bench.session()
    const torrent = await session.add(seed.magnet, { path: bench.copy() })
    await torrent.move(bench.copy('there'))
    expect(torrent.path).toBe(bench.copy('there'))
    torrent.addPeer(bench.addressOf(seeder))
    await eventOf(torrent, 'done')
    expect(await isWhole(bench, torrent)).toBe(true)
    expect(await readdir(bench.path)).not.toContain('copy')
  })

  test('takes files along that were removed from the torrent and its folder afterwards', async () => {
    await using bench = await BenchFolder.create()
    const [seeder, seed] = await seeded(bench)
    await seed.files[0]!.rename('renamed')
    await seed.move(bench.copy())
    await seeder.remove(seed, { deleteFiles: true })
    expect([await readdir(bench.copy()), await readdir(join(bench.path, 'origin'))]).toEqual([[], []])
  })
})

describe('file.rename', () => {
  test('goes on seeding and downloading, is told, and takes only safe and free names', async () => {
    await using bench = await BenchFolder.create()
    const [seeder, seed] = await seeded(bench, { readCache: 1 })
    const leecher = await bench.session({ maxDown: 3_000_000 })
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await eventOf(leech, 'piece')
    const told = eventOf(seed, 'file-moved')
    const [file] = seed.files
    await Promise.all([file!.rename('other/name.bin'), leech.files[0]!.rename('tree/sub/A')])
    expect(await told).toMatchObject({ file, to: join(seed.path, 'other/name.bin') })
    await leech.done
    expect([file!.path, file!.name, leech.files[0]!.path]).toEqual(['other/name.bin', 'name.bin', 'tree/sub/A'])
    expect([await isWhole(bench, leech), await isWhole(bench, seed)]).toEqual([true, true])
    for (const bad of ['../x', '/x', 'a//b', 'con', 'TREE/C.bin', 'tree', 'tree/c.bin/x', '']) {
      await expect(file!.rename(bad)).rejects.toMatchObject({ name: 'InputError', code: 'FILE_PATH' })
    }
    await writeFile(join(seed.path, 'taken'), 'mine')
    await expect(file!.rename('taken')).rejects.toMatchObject({ code: 'FILE_EXISTS', path: join(seed.path, 'taken') })
    expect(file!.path).toBe('other/name.bin')
  })
})

describe('with a state folder', () => {
  test('new names and the new folder are known at the next start, and nothing is hashed', async () => {
    await using bench = await BenchFolder.create()
    const state = bench.copy('state')
    const [seeder, seed] = await seeded(bench, { state })
    await seed.files[1]!.rename('renamed.bin')
    await seed.move(bench.copy())
    await seeder.close()
    for (const path of [join(bench.path, 'origin'), bench.copy()]) {
      const session = await bench.session({ state })
      const checking = collect(session.events({ types: ['checking'] }))
      const torrent = await session.add(seed.torrentFile, { path })
      await torrent.ready
      expect(torrent.path).toBe(bench.copy())
      expect(torrent.files[1]!.path).toBe('renamed.bin')
      expect(torrent.isComplete).toBe(true)
      expect(await isWhole(bench, torrent)).toBe(true)
      expect(checking).toHaveLength(1)
      await session.close()
    }
  })

  test('who adds it with a folder that it never was in gets that one', async () => {
    await using bench = await BenchFolder.create()
    const state = bench.copy('state')
    const [seeder, seed] = await seeded(bench, { state })
    await seed.move(bench.copy())
    await seeder.close()
    await rename(bench.copy(), bench.copy('by hand'))
    const session = await bench.session({ state })
    const torrent = await session.add(seed.torrentFile, { path: bench.copy('by hand') })
    await torrent.ready
    expect([torrent.path, torrent.isComplete]).toEqual([bench.copy('by hand'), true])
  })

  test('a torrent that was removed has forgotten it', async () => {
    await using bench = await BenchFolder.create()
    const state = bench.copy('state')
    const [seeder, seed] = await seeded(bench, { state })
    await seed.move(bench.copy())
    await seeder.remove(seed)
    expect(await readdir(state)).toEqual(['lock'])
  })

  test('a move that a crash cut short is finished by the next start', async () => {
    await using bench = await BenchFolder.create()
    const state = bench.copy('state')
    const [seeder, seed] = await seeded(bench, { state })
    const origin = join(bench.path, 'origin')
    const record = join(state, `${seed.infoHash}.places`)
    // What the state folder and the disk are like in the middle: the record says where to, and one file is there.
    let half: Uint8Array | undefined
    const following = (async () => {
      for await (const _ of seed.events({ types: ['file-moved'] })) half ??= await readFile(record)
    })()
    await seed.move(bench.copy())
    await bench.settle()
    await seeder.close()
    await following
    expect(Buffer.from(half ?? []).toString()).toContain('"next"')
    await mkdir(join(origin, 'tree/sub'), { recursive: true })
    for (const name of ['tree/sub/b.bin', 'tree/c.bin']) await rename(join(bench.copy(), name), join(origin, name))
    await writeFile(record, half!)
    const session = await bench.session({ state })
    const moved = collect(session.events({ types: ['moved'] }))
    const checking = collect(session.events({ types: ['checking'] }))
    const torrent = await session.add(seed.torrentFile, { path: origin })
    await torrent.ready
    await bench.settle()
    expect([torrent.path, torrent.isComplete, checking.length]).toEqual([bench.copy(), true, 1])
    expect(moved).toMatchObject([{ from: origin, to: bench.copy() }])
    expect(await isWhole(bench, torrent)).toBe(true)
    expect(await readdir(origin)).toEqual([])
    expect((await readFile(record)).toString()).not.toContain('"next"')
  })

  test.each([
    ['cut', (bytes: Buffer) => bytes.subarray(0, -5)],
    ['flipped', (bytes: Buffer) => Buffer.from(bytes.toString().replace('copy', 'cope'))],
    ['empty', () => Buffer.alloc(0)],
  ])('a record that is %s is a warning, and the files are looked for where they are said to be', async (_, damage) => {
    await using bench = await BenchFolder.create()
    const state = bench.copy('state')
    const [seeder, seed] = await seeded(bench, { state })
    await seed.move(bench.copy())
    await seeder.close()
    const record = join(state, `${seed.infoHash}.places`)
    await writeFile(record, damage(await readFile(record)))
    const session = await bench.session({ state })
    const warnings = collect(session.events({ types: ['warning'] }))
    const torrent = await session.add(seed.torrentFile, { path: bench.copy() })
    await torrent.ready
    await bench.settle()
    expect([torrent.path, torrent.isComplete]).toEqual([bench.copy(), true])
    expect(warnings).toMatchObject([{ error: { code: 'STATE_DAMAGED' } }])
  })
})
