// Every single call on the file system of a small download and of a small seed fails once, through a whole session with its state.

import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from '@jest/globals'
import { isTorrentialError, SeededRandom, StorageError } from '@torrential/primitives'
import type { Session, Torrent } from '@torrential/session'
import { faultyFileSystem, nodeFileSystem } from '@torrential/storage'
import { BenchFolder, collect } from './bench-folder.ts'
import { PowerCut } from './power-cut.ts'

const tree = { 'tree/a.bin': 20_000, 'tree/sub/b.bin': 40_000, 'tree/empty': '' }

/** Five files of one piece, four of them new at a time: what goes to the disk in batches. */
const smallFiles = Object.fromEntries(Array.from({ length: 5 }, (_, file) => [`tree/${file}.bin`, 1_000]))
const trees = [
  ['a tree', tree],
  ['small files', smallFiles],
] as const

/** Fails the n-th call, once; n may be set later. */
class OneFault {
  calls = 0
  at = Number.POSITIVE_INFINITY
  code = 'EIO'
  readonly fileSystem = faultyFileSystem(nodeFileSystem, () => (++this.calls === this.at ? this.code : undefined))
}

/** Until it is complete or has stopped; then the fault is gone, and it completes. */
async function completeAfter(bench: BenchFolder, torrent: Torrent, isComplete: () => boolean): Promise<void> {
  await bench.passUntil(() => isComplete() || torrent.error !== undefined)
  if (torrent.error !== undefined) expect(torrent.error).toBeInstanceOf(StorageError)
  // By itself: the fault is gone.
  await bench.passUntil(() => isComplete() && torrent.error === undefined, 1_000)
}

function downloadsInto(bench: BenchFolder, seeder: Session, seed: Torrent, n: number) {
  return { path: bench.copy(`copy ${n}`), peers: [bench.addressOf(seeder)], torrentFile: seed.torrentFile }
}

// What is done about a code differs for few of them: all six of both sides take minutes, and are run on demand. A full disk is
// what meets a download; a seed, which writes next to nothing, runs out of handles.
const isFull = process.env['ALL_FAULTS'] !== undefined
const codesFor = (usual: string) => (isFull ? ['ENOSPC', 'EIO', 'EACCES', 'EROFS', 'EMFILE', 'ENAMETOOLONG'] : [usual])

describe('a fault at the n-th call on the file system, for every n', () => {
  const downloads = trees.flatMap(([what, files]) => codesFor('ENOSPC').map((code) => [what, code, files] as const))

  test.each(downloads)(
    'of a download of %s with state, %s: a typed error or completion, then completion',
    async (_, code, files) => {
      await using bench = await BenchFolder.create({ virtual: true })
      await bench.write(files)
      const [seeder, seed] = await bench.seed('tree')
      let isOver = false
      for (let n = 1; !isOver; n++) {
        const fault = new OneFault()
        fault.at = n
        fault.code = code
        const state = bench.copy('state')
        const session = await bench.session({ state, fileSystem: fault.fileSystem })
        const warnings = collect(session.events({ types: ['warning'] }))
        const { torrentFile, ...options } = downloadsInto(bench, seeder, seed, n)
        const leech = await session.add(torrentFile, options)
        await completeAfter(bench, leech, () => leech.isComplete)
        expect(await bench.isCopied(leech, options.path)).toBe(true)
        // A check never rejects for the disk: it is over, or the torrent has stopped with an error.
        const { downloaded } = leech
        await leech.check()
        await completeAfter(bench, leech, () => leech.isComplete)
        expect(leech.downloaded).toBe(downloaded)
        await session.close()
        for (const { error } of warnings as readonly { error: unknown }[]) expect(isTorrentialError(error)).toBe(true)
        isOver = fault.calls < n
        const next = await bench.session({ state })
        const again = await next.add(torrentFile, { path: options.path, start: false })
        await again.ready
        expect(again.isComplete).toBe(true)
        await next.close()
        expect((await filesIn(options.path)).sort()).toEqual(Object.keys(files).sort())
        await Promise.all([rm(state, { recursive: true }), rm(options.path, { recursive: true })])
      }
    },
  )

  test.each(codesFor('EMFILE'))('of a seed, %s: the download completes', async (code) => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write(tree)
    let isOver = false
    for (let n = 1; !isOver; n++) {
      const fault = new OneFault()
      fault.at = n
      fault.code = code
      const seeder = await bench.session({ state: bench.copy('state'), fileSystem: fault.fileSystem, readCache: 1 })
      const make = () => seeder.seed(join(bench.path, 'origin/tree'), { version: 'v1', pieceLength: 16_384 })
      const seed = await make().catch((error: unknown) => {
        expect(isTorrentialError(error) && error.code).toBe(code)
        return make()
      })
      const leecher = await bench.session()
      const { torrentFile, ...options } = downloadsInto(bench, seeder, seed, n)
      const leech = await leecher.add(torrentFile, options)
      await completeAfter(bench, seed, () => leech.isComplete)
      expect(await bench.isCopied(leech, options.path)).toBe(true)
      await leecher.close()
      await seeder.close()
      isOver = fault.calls < n
      await Promise.all([bench.copy('state'), options.path].map((path) => rm(path, { recursive: true, force: true })))
    }
  })
})

describe('a fault at the n-th call of a start, for every n', () => {
  test.each(codesFor('EMFILE'))('%s: what was moved and renamed is found, now or at the next start', async (code) => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write(tree)
    const [seeder, seed] = await bench.seed('tree')
    const state = bench.copy('state')
    const first = await bench.session({ state })
    const { torrentFile, ...options } = downloadsInto(bench, seeder, seed, 0)
    const leech = await first.add(torrentFile, options)
    await bench.passUntil(() => leech.isComplete)
    await leech.files[0]?.rename('tree/other.bin')
    await leech.move(bench.copy('elsewhere'))
    await first.close()
    await seeder.close()
    const isHere = ({ path, files, isComplete }: Torrent) =>
      isComplete && path === bench.copy('elsewhere') && files[0]?.path === 'tree/other.bin'
    let isOver = false
    for (let n = 1; !isOver; n++) {
      const fault = new OneFault()
      fault.at = n
      fault.code = code
      const session = await bench.session({ state, fileSystem: fault.fileSystem })
      const warnings = collect(session.events({ types: ['warning'] }))
      const restored = await session.restore().catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'STATE_READ' })
        return session.restore()
      })
      await bench.settle()
      const [torrent = (await session.restore())[0]] = restored
      if (torrent === undefined) throw new Error('it is not restored')
      // An entry that cannot be read is a warning, and there again when it is asked for again.
      if (restored.length === 0) expect(warnings).toMatchObject([{ error: { code: 'STATE_READ' } }])
      await completeAfter(bench, torrent, () => isHere(torrent))
      await session.close()
      for (const { error } of warnings as readonly { error: unknown }[]) expect(isTorrentialError(error)).toBe(true)
      isOver = fault.calls < n
      const next = await bench.session({ state })
      const [again] = await next.restore()
      await again?.ready
      expect(again && isHere(again)).toBe(true)
      await next.close()
    }
    expect((await filesIn(bench.copy('elsewhere'))).sort()).toEqual(['tree/empty', 'tree/other.bin', 'tree/sub/b.bin'])
  })
})

describe('a disk that moves fewer bytes than asked for', () => {
  /** 1 to 700 bytes at a time: every length of a head, a tail and a middle. */
  const few = (random: SeededRandom) =>
    faultyFileSystem(
      nodeFileSystem,
      () => undefined,
      () => 1 + Math.floor(700 * random.next()),
    )

  test.each(trees)(
    'on both sides, of %s: everything is right all the same, also at the next start',
    async (_, files) => {
      await using bench = await BenchFolder.create({ virtual: true })
      await bench.write(files)
      const fileSystem = few(new SeededRandom(31))
      const [seeder, seed] = await bench.seed('tree', { fileSystem, readCache: 1 })
      const state = bench.copy('state')
      const session = await bench.session({ state, fileSystem })
      const warnings = collect(session.events({ types: ['warning'] }))
      const { torrentFile, ...options } = downloadsInto(bench, seeder, seed, 1)
      const leech = await session.add(torrentFile, options)
      await bench.passUntil(() => leech.isComplete)
      expect(leech.error).toBeUndefined()
      expect(await bench.isCopied(leech, options.path)).toBe(true)
      await session.close()
      const next = await bench.session({ state, fileSystem })
      const again = await next.add(torrentFile, { path: options.path, start: false })
      await again.ready
      expect(again.isComplete).toBe(true)
      expect(warnings).toEqual([])
    },
  )

  test.each(['read', 'write'] as const)(
    'at the n-th %s none at all, for every n: a typed error, then completion',
    async (what) => {
      await using bench = await BenchFolder.create({ virtual: true })
      await bench.write(tree)
      const [seeder, seed] = await bench.seed('tree')
      let isOver = false
      for (let n = 1; !isOver; n++) {
        let calls = 0
        const shorten = (call: string, _path: string, asked: number) => (call === what && ++calls === n ? 0 : asked)
        const fileSystem = faultyFileSystem(nodeFileSystem, () => undefined, shorten)
        const state = bench.copy('state')
        const session = await bench.session({ state, fileSystem, readCache: 1 })
        const warnings = collect(session.events({ types: ['warning'] }))
        const { torrentFile, ...options } = downloadsInto(bench, seeder, seed, n)
        const leech = await session.add(torrentFile, options)
        await completeAfter(bench, leech, () => leech.isComplete)
        expect(await bench.isCopied(leech, options.path)).toBe(true)
        // A file that ends too early for one that is hashed lacks a piece, which is fetched again.
        await leech.check()
        await completeAfter(bench, leech, () => leech.isComplete)
        await session.close()
        for (const { error } of warnings as readonly { error: unknown }[]) expect(isTorrentialError(error)).toBe(true)
        isOver = calls < n
        await Promise.all([state, options.path].map((path) => rm(path, { recursive: true, force: true })))
      }
    },
  )
})

describe('a power cut at the n-th call, for every n', () => {
  test.each(trees)('of a download of %s: what is believed at the next start is right', async (_, files) => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write(files)
    const [seeder, seed] = await bench.seed('tree')
    let isOver = false
    for (let n = 1; !isOver; n++) {
      const disk = new PowerCut()
      disk.at = n
      const state = bench.copy('state')
      const session = await bench.session({ state, fileSystem: disk.fileSystem })
      const { torrentFile, ...options } = downloadsInto(bench, seeder, seed, n)
      const leech = await session.add(torrentFile, options)
      await bench.passUntil(() => leech.isComplete || leech.error !== undefined)
      await session.close()
      isOver = disk.calls < n
      await disk.cut()
      await otherBoot(state)
      const next = await bench.session({ state })
      const again = await next.add(torrentFile, { ...options, start: false })
      await again.ready
      const believed = again.bitfield
      await again.check()
      expect([...believed].filter((piece) => !again.bitfield.has(piece))).toEqual([])
      await again.start()
      await bench.passUntil(() => again.isComplete)
      expect(await bench.isCopied(again, options.path)).toBe(true)
      await next.close()
      await Promise.all([state, options.path].map((path) => rm(path, { recursive: true, force: true })))
    }
  })
})

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(path, join(entry.parentPath, entry.name)))
}

/** The journals were written in another run of the system. */
async function otherBoot(state: string): Promise<void> {
  // Perhaps the power was cut before there was a folder.
  for (const name of await readdir(state).catch(() => [])) {
    if (!name.includes('journal')) continue
    const path = join(state, name)
    const lines = (await readFile(path, 'utf8')).split('\n')
    const head = lines[0]?.slice(9).replace(/"boot":"[^"]*"/, '"boot":"before"')
    if (head === undefined) continue
    lines[0] = `${crc32(head).toString(16).padStart(8, '0')} ${head}`
    await writeFile(path, lines.join('\n'))
  }
}
