import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { Session, Torrent } from '@torrential/session'
import { faultyFileSystem, nodeFileSystem } from '@torrential/storage'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

const tree = { 'tree/a.bin': 50_000, 'tree/b.bin': 50_000, 'tree/c.bin': 50_000 }

interface Scene extends AsyncDisposable {
  readonly bench: BenchFolder
  readonly seeder: Session
  readonly seed: Torrent
  readonly state: string
}

async function setScene(): Promise<Scene> {
  const bench = await BenchFolder.create()
  await bench.write(tree)
  const [seeder, seed] = await bench.seed('tree')
  return { bench, seeder, seed, state: bench.copy('state'), [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() }
}

async function restored({ bench, state }: Scene): Promise<Torrent> {
  const torrents = await (await bench.session({ state })).restore()
  expect(torrents).toHaveLength(1)
  return torrents[0] as Torrent
}

describe('a session that restores', () => {
  test('has the torrents of the last one, in their order, as they were', async () => {
    await using scene = await setScene()
    const { bench, state, seed } = scene
    const first = await bench.session({ state })
    const torrent = await first.add(seed.torrentFile, {
      path: bench.copy(),
      start: false,
      sequential: true,
      maxDown: 5_000,
      maxConnections: 7,
      trackers: [['http://a.example/announce'], ['http://b.example/announce']],
    })
    const [a, b] = torrent.files as [Torrent['files'][number], Torrent['files'][number]]
    a.priority = 0
    b.priority = 7
    torrent.maxUp = 6_000
    torrent.addTracker('http://c.example/announce', 1)
    const other = await first.seed(join(bench.path, 'origin/tree/a.bin'))
    await other.ready
    const otherHash = other.infoHash
    await first.close()

    const second = await bench.session({ state })
    const [again, seeding, ...more] = (await second.restore()) as [Torrent, Torrent, ...Torrent[]]
    expect(more).toEqual([])
    expect(second.torrents).toEqual([again, seeding])
    await Promise.all([again.ready, seeding.done])
    expect(again).toMatchObject({ infoHash: seed.infoHash, status: 'stopped', path: bench.copy(), maxDown: 5_000 })
    expect(again).toMatchObject({ maxUp: 6_000, torrentFile: Buffer.from(seed.torrentFile) })
    expect(again.files.map(({ priority }) => priority)).toEqual([0, 7, 4])
    expect(seeding).toMatchObject({ infoHash: otherHash, status: 'seeding', path: join(bench.path, 'origin/tree') })
    await second.close()
    const entry = await readFile(join(state, `${seed.infoHash}.entry`), 'utf8')
    expect(JSON.parse(entry.slice(entry.indexOf('\n')))).toMatchObject({
      trackers: [['http://a.example/announce'], ['http://b.example/announce']],
      isSequential: true,
      addedTrackers: [['http://c.example/announce', 1]],
      priorities: '074',
      maxConnections: 7,
    })
  })

  test('goes on with what was started, and leaves paused what was paused', async () => {
    await using scene = await setScene()
    const { bench, state, seed, seeder } = scene
    const first = await bench.session({ state })
    const torrent = await first.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    torrent.pause()
    await first.close()
    const again = await restored(scene)
    const started = eventOf(again, 'started')
    await started
    expect(again.status).toBe('paused')
    again.resume()
    await again.done
    expect(await bench.isCopied(again)).toBe(true)
  })

  test('waits again for the metadata of a magnet link, and remembers it once it is known', async () => {
    await using scene = await setScene()
    const { bench, state, seed, seeder } = scene
    const first = await bench.session({ state })
    await first.add(`${seed.magnet}&so=1`, { path: bench.copy() })
    await first.close()
    expect((await readdir(state)).toSorted()).toEqual([`${seed.infoHash}.entry`])

    const second = await bench.session({ state })
    const [pending] = (await second.restore()) as [Torrent]
    expect(pending).toMatchObject({ status: 'metadata', infoHash: seed.infoHash, name: 'tree' })
    pending.addPeer(bench.addressOf(seeder))
    await pending.done
    await second.close()
    await seeder.close()

    const known = await restored(scene)
    await known.done
    expect(known.files.map(({ priority, isComplete }) => priority > 0 && isComplete)).toEqual([false, true, false])
  })

  test('leaves out what was stopped when asked to, and keeps it for later', async () => {
    await using scene = await setScene()
    const { bench, state, seed } = scene
    const first = await bench.session({ state })
    await (await first.add(seed.torrentFile, { path: bench.copy() })).stop()
    await first.close()
    const second = await bench.session({ state })
    expect(await second.restore({ stopped: false })).toEqual([])
    expect(await second.restore()).toHaveLength(1)
    expect(await second.restore()).toEqual([])
  })

  test('finds the files where they were moved to', async () => {
    await using scene = await setScene()
    const { bench, state } = scene
    const first = await bench.session({ state })
    const torrent = await first.seed(join(bench.path, 'origin/tree'))
    await torrent.done
    await torrent.move(bench.copy('moved'))
    await first.close()
    const again = await restored(scene)
    expect(again.path).toBe(bench.copy('moved'))
    await again.done
  })

  test('knows nothing of what was removed', async () => {
    await using scene = await setScene()
    const { bench, state, seed } = scene
    const first = await bench.session({ state })
    const torrent = await first.add(seed.torrentFile, { path: bench.copy() })
    await torrent.ready
    await first.close()
    const second = await bench.session({ state })
    for (const each of await second.restore()) await second.remove(each)
    await second.close()
    expect(await readdir(state)).toEqual([])
  })

  test('keeps the names on disk that the torrent had', async () => {
    await using scene = await setScene()
    const { bench, state } = scene
    await bench.write({ 'odd/a:b': 1_000 })
    const first = await bench.session({ state })
    await (await first.seed(join(bench.path, 'origin/odd'))).done
    await first.close()
    const again = await restored(scene)
    await again.done
    expect(again.files[0]?.path).toBe('odd/a:b')
  })

  test.each(['entry', 'torrent'])('warns of a damaged %s and goes on with the others', async (kind) => {
    await using scene = await setScene()
    const { bench, state, seed } = scene
    const first = await bench.session({ state })
    await first.add(seed.torrentFile, { path: bench.copy(), start: false })
    await first.seed(join(bench.path, 'origin/tree/a.bin'))
    await first.close()
    const name = (await readdir(state)).find((each) => each.startsWith(seed.infoHash) && each.endsWith(kind)) as string
    await writeFile(join(state, name), 'torn')
    const second = await bench.session({ state })
    const warnings = collect(second.events({ types: ['warning'] }))
    const torrents = await second.restore()
    expect(torrents.map(({ name: called }) => called)).toEqual(['a.bin'])
    expect(warnings).toMatchObject([{ torrent: undefined, error: { code: 'STATE_DAMAGED', path: name } }])
    await rm(join(state, name))
  })

  test('does not write again what is as it was, for a torrent that is added once more', async () => {
    await using scene = await setScene()
    const { bench, state, seed } = scene
    const options = {
      path: bench.copy(),
      start: false,
      peers: ['1.2.3.4:5'],
      trackers: [['http://a.example/announce']],
    }
    const inodes = async () => {
      const names = (await readdir(state)).filter((name) => name.endsWith('.entry') || name.endsWith('.torrent'))
      return Promise.all(names.sort().map(async (name) => [name, (await stat(join(state, name))).ino]))
    }
    const run = async (change: Partial<typeof options>) => {
      const session = await bench.session({ state })
      const torrent = await session.add(seed.torrentFile, { ...options, ...change })
      await torrent.ready
      await session.close()
      return inodes()
    }
    const first = await run({})
    expect(first).toHaveLength(2)
    expect(await run({})).toEqual(first)
    const [file, entry] = await run({ peers: ['1.2.3.4:6'] })
    expect(file).toEqual(first[0])
    expect(entry).not.toEqual(first[1])
  })

  test('writes a burst of changes once, within seconds, and again only after the next', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write(tree)
    const [, seed] = await bench.seed('tree')
    const state = bench.copy('state')
    const session = await bench.session({ state })
    const torrent = await session.add(seed.torrentFile, { path: bench.copy(), start: false })
    for (const file of torrent.files) file.priority = 1
    const path = join(state, `${seed.infoHash}.entry`)
    const read = () => readFile(path, 'utf8').catch(() => '')
    expect(await read()).toBe('')
    await bench.pass(1_000)
    while ((await read()) === '') await bench.settle()
    expect(await read()).toContain('"priorities":"111"')
    await rm(path)
    await bench.pass(60_000)
    expect(await read()).toBe('')
    torrent.maxUp = 1
    await bench.pass(1_000)
    while ((await read()) === '') await bench.settle()
  })
})

test('ten dozen torrents are restored in their order, whatever is read together', async () => {
  await using bench = await BenchFolder.create()
  const state = bench.copy('state')
  const names = Array.from({ length: 120 }, (_, index) => `${index}.bin`)
  await bench.write(Object.fromEntries(names.map((name) => [name, 100])))
  const first = await bench.session({ state })
  for (const name of names) await first.seed(join(bench.path, 'origin', name), { version: 'v1', pieceLength: 16_384 })
  await Promise.all(first.torrents.map(({ done }) => done))
  await first.close()
  // A file system of doubles does everything in batches; the machine's own takes its thread from 200 files on: 240 are beside the entries.
  for (const fileSystem of [faultyFileSystem(nodeFileSystem, () => undefined), nodeFileSystem]) {
    const session = await bench.session({ state, fileSystem })
    const torrents = await session.restore()
    await Promise.all(torrents.map(({ ready }) => ready))
    expect(torrents.map(({ name }) => name)).toEqual(names)
    expect(torrents.every(({ isResting }) => isResting)).toBe(true)
    expect(await session.restore()).toEqual([])
    await session.close()
  }
})
