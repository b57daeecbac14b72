import { mkdir, mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { StorageError } from '@torrential/primitives'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

describe('a file that is deleted while it is seeded', () => {
  test('stops its torrent with a StorageError that names it; the other torrents of the session go on', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'bad.bin': 400_000, 'good.bin': 400_000 })
    const seeder = await bench.session({ readCache: 1 })
    const bad = await seeder.seed(join(origin, 'bad.bin'), { pieceLength: 16_384 })
    const good = await seeder.seed(join(origin, 'good.bin'), { pieceLength: 16_384 })
    await Promise.all([bad.done, good.done])
    await unlink(join(origin, 'bad.bin'))
    const failed = eventOf(bad, 'error')
    const leecher = await bench.session()
    const peers = [bench.addressOf(seeder)]
    const starved = await leecher.add(bad.torrentFile, { path: bench.copy(), peers })
    const { error } = await failed
    expect(error).toBeInstanceOf(StorageError)
    expect(error).toMatchObject({ code: 'FILE_MISSING', path: join(origin, 'bad.bin') })
    expect(bad.status).toBe('error')
    expect(bad.error).toBe(error)
    expect(bad.isComplete).toBe(false)
    const fed = await leecher.add(good.torrentFile, { path: bench.copy(), peers })
    await fed.done
    expect(good.status).toBe('seeding')
    expect(starved.isComplete).toBe(false)
  })

  test('is looked at again on resume, and fetched back from others', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const origin = await bench.write({ 'one.bin': 400_000 })
    const bytes = await readFile(join(origin, 'one.bin'))
    const [seeder, seed] = await bench.seed('one.bin', { readCache: 1 })
    const other = await bench.session()
    const copy = await other.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await bench.passUntil(() => copy.isComplete)
    // An open file is asked once a second whether it still has a name.
    await bench.pass(2_000)
    await unlink(join(origin, 'one.bin'))
    const failed = eventOf(seed, 'error')
    await expect(seed.files[0]!.bytes()).rejects.toMatchObject({ code: 'FILE_MISSING' })
    await failed
    const resumed = eventOf(seed, 'resumed')
    seed.resume()
    await resumed
    expect(seed.stats.have).toBe(0)
    const { done } = seed
    seed.addPeer(bench.addressOf(other))
    await bench.passUntil(() => seed.isComplete)
    await done
    expect(seed.status).toBe('seeding')
    expect(seed.error).toBeUndefined()
    expect(Buffer.compare(await readFile(join(origin, 'one.bin')), bytes)).toBe(0)
  })
})

describe('a folder that cannot take the torrent', () => {
  test('because a directory is in the place of the file: error, and start works once it is gone', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 200_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    await mkdir(join(bench.copy(), 'one.bin'), { recursive: true })
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const { error } = await eventOf(leech, 'error')
    expect(error).toMatchObject({ code: 'FILE_KIND', path: join(bench.copy(), 'one.bin') })
    await leech.ready
    expect(leech.status).toBe('error')
    await rm(join(bench.copy(), 'one.bin'), { recursive: true })
    await leech.start()
    await leech.done
    expect(leech.error).toBeUndefined()
    expect(await bench.isCopied(leech)).toBe(true)
  })

  test('because a file is where the folder should be', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 200_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    await writeFile(bench.copy(), 'in the way')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const { error } = await eventOf(leech, 'error')
    expect(error).toBeInstanceOf(StorageError)
    await leech.ready
    expect(leech.status).toBe('error')
    expect(await readFile(bench.copy(), 'utf8')).toBe('in the way')
    await rm(bench.copy())
    leech.resume()
    await leech.done
  })

  test('resume of a stopped torrent looks at the disk again and leaves it stopped', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 200_000 })
    const [, seed] = await bench.seed('one.bin')
    await writeFile(bench.copy(), 'in the way')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), start: false })
    await leech.ready
    expect(leech.status).toBe('error')
    await rm(bench.copy())
    const resumed = eventOf(leech, 'resumed')
    leech.resume()
    await resumed
    expect(leech.status).toBe('stopped')
  })
})

// A file system of 2 MiB: needs the right to mount one.
const small = await mountSmall()

describe('a fault that goes away', () => {
  test('ends by itself: the torrent tries again after 30 s, then after a minute', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 200_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    await writeFile(bench.copy(), 'in the way')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const errors = collect(leech.events({ types: ['error'] }))
    await leech.ready
    await bench.pass(35_000)
    expect(errors).toHaveLength(2)
    expect(leech.status).toBe('error')
    await rm(bench.copy())
    await bench.pass(30_000)
    expect(leech.status).toBe('error')
    await bench.passUntil(() => leech.isComplete)
    expect(errors).toHaveLength(2)
    expect(leech.error).toBeUndefined()
    expect(await bench.isCopied(leech)).toBe(true)
  })

  test('is not looked for in a file that is still not there', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    const origin = await bench.write({ 'one.bin': 400_000 })
    const bytes = await readFile(join(origin, 'one.bin'))
    const [, seed] = await bench.seed('one.bin', { readCache: 1 })
    await bench.pass(2_000)
    await unlink(join(origin, 'one.bin'))
    await expect(seed.files[0]!.bytes()).rejects.toMatchObject({ code: 'FILE_MISSING' })
    const checks = collect(seed.events({ types: ['checking'] }))
    await bench.pass(300_000)
    expect(checks).toHaveLength(0)
    expect(seed.status).toBe('error')
    await writeFile(join(origin, 'one.bin'), bytes)
    await bench.passUntil(() => seed.status === 'seeding')
    expect(seed.isComplete).toBe(true)
  })
})

describe('a full disk', () => {
  const whereMountable = small === undefined ? test.skip : test

  whereMountable(
    'stops the torrent, loses nothing that is verified, and resume goes on once there is room',
    async () => {
      const folder = small as string
      try {
        await using bench = await BenchFolder.create()
        await bench.write({ 'one.bin': 1_800_000 })
        const [seeder, seed] = await bench.seed('one.bin')
        const ballast = join(folder, 'ballast')
        await writeFile(ballast, Buffer.alloc(1_200_000))
        const leecher = await bench.session()
        const path = join(folder, 'copy')
        const leech = await leecher.add(seed.torrentFile, { path, peers: [bench.addressOf(seeder)] })
        const errors = collect(leech.events({ types: ['error'] }))
        const { error } = await eventOf(leech, 'error')
        expect(error).toMatchObject({ code: 'ENOSPC', path: join(path, 'one.bin') })
        await bench.settle()
        expect(leech.status).toBe('error')
        expect(leech.peers).toHaveLength(1)
        expect(errors).toHaveLength(1)
        const { have } = leech.stats
        expect(have).toBeGreaterThan(0)
        await rm(ballast)
        leech.resume()
        await leech.done
        expect(leech.status).toBe('seeding')
        expect(leech.stats.have).toBe(leech.pieceCount)
        // Everything that was verified before the error was not fetched again.
        expect(seed.uploaded).toBeLessThanOrEqual(1_800_000 + (leech.pieceCount - have) * 16_384)
        expect(await bench.isCopied(leech, path)).toBe(true)
      } finally {
        execFileSync('umount', ['-l', folder])
        await rm(folder, { recursive: true, force: true })
      }
    },
  )
})

async function mountSmall(): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    await rm(folder, { recursive: true })
    return undefined
  }
}
