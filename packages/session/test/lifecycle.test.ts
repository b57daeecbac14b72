import { open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createSession } from '@torrential/session'
import { BenchFolder, collect, eventOf } from './bench-folder.ts'

async function spoil(path: string, position: number): Promise<void> {
  await using file = await open(path, 'r+')
  await file.write(Buffer.from('spoilt'), 0, 6, position)
}

describe('check', () => {
  test('finds what was spoilt on disk since, and what was repaired', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 100_000 })
    const path = join(origin, 'one.bin')
    const good = await readFile(path)
    const [, seed] = await bench.seed('one.bin')
    const events = collect(seed.events({ types: ['checking', 'ready', 'done'] }))
    await spoil(path, 40_000)
    await seed.check()
    expect(seed.status).toBe('downloading')
    expect(seed.isComplete).toBe(false)
    expect([...seed.bitfield]).toEqual([0, 1, 3, 4, 5, 6])
    expect(seed.stats).toMatchObject({ have: 6, of: 7, bytesLeft: 16_384, wanted: 7 })
    expect(seed.progress).toBeCloseTo(1 - 16_384 / 100_000)
    const done = seed.done
    await writeFile(path, good)
    await seed.check()
    expect(seed.status).toBe('seeding')
    await done
    expect(events.filter(({ type }) => type === 'done')).toHaveLength(1)
    expect(events.findLast(({ type }) => type === 'checking')).toMatchObject({ done: 7, of: 7, have: 7 })
  })

  test('of a stopped torrent leaves it stopped', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [, seed] = await bench.seed('one.bin')
    await seed.stop()
    await seed.check()
    expect(seed.status).toBe('stopped')
    expect(seed.isComplete).toBe(true)
  })

  test('takes what is right of an existing copy and fetches the rest', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 100_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), start: false })
    await leech.ready
    await writeFile(join(bench.copy(), 'one.bin'), (await readFile(join(origin, 'one.bin'))).subarray(0, 50_000))
    await leech.check()
    expect(leech.stats.have).toBe(3)
    leech.addPeer(bench.addressOf(seeder))
    await leech.start()
    await leech.done
    expect(leech.downloaded).toBe(100_000 - 3 * 16_384)
    expect(await bench.isCopied(leech)).toBe(true)
  })
})

describe('start and stop', () => {
  test('a torrent that is added without starting waits for start', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const peers = [bench.addressOf(seeder)]
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), start: false, peers })
    expect(leech.status).toBe('checking')
    await leech.ready
    expect(leech.status).toBe('stopped')
    expect(leech.peers).toEqual([])
    const started = eventOf(leech, 'started')
    await leech.start()
    expect(leech.status).toBe('downloading')
    expect((await started).torrent).toBe(leech)
    await leech.done
  })

  test('stop closes every connection, refuses new ones, and start goes on where it was', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 2_000_000 })
    const [seeder, seed] = await bench.seed('one.bin', { maxUp: 200_000 })
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await bench.passUntil(() => leech.stats.have >= 10)
    const gone = eventOf(leech, 'peer-disconnected')
    await leech.stop()
    expect(await gone).toMatchObject({ reason: 'TORRENT_STOPPED' })
    expect(leech.status).toBe('stopped')
    await bench.settle()
    expect([leech.peers.length, seed.peers.length]).toEqual([0, 0])
    const blocked = collect(leecher.events({ types: ['inbound-refused'] }))
    seed.addPeer(bench.addressOf(leecher))
    await bench.pass(1_000)
    expect(blocked).toMatchObject([{ reason: 'TORRENT_STOPPED' }])
    const { have } = leech.stats
    await bench.pass(60_000)
    expect(leech.stats.have).toBe(have)
    await leech.start()
    await bench.passUntil(() => leech.isComplete)
    expect(await bench.isCopied(leech)).toBe(true)
    expect(leech.downloaded).toBeLessThan(2_000_000 + 40 * 16_384)
  })

  test('steps run one behind the other, however they are called', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 300_000 })
    const [, seed] = await bench.seed('one.bin')
    const told = collect(seed.events({ types: ['started', 'stopped'] }))
    await Promise.all([seed.stop(), seed.start(), seed.check(), seed.stop(), seed.stop(), seed.start(), seed.start()])
    expect(seed.status).toBe('seeding')
    expect(told.map(({ type }) => type)).toEqual(['stopped', 'started', 'started', 'stopped', 'started'])
  })
})

describe('pause', () => {
  test.each(['leech', 'seed'] as const)('of the %s stops the data at once and keeps the connection', async (who) => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 2_000_000 })
    const [seeder, seed] = await bench.seed('one.bin', { maxUp: 200_000 })
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    const paused = who === 'leech' ? leech : seed
    await bench.passUntil(() => leech.stats.have >= 10)
    const [peer] = paused.peers
    paused.pause()
    paused.pause()
    expect(paused.status).toBe('paused')
    await bench.pass(1_000)
    const { uploaded } = seed
    const { downloaded } = leech
    await bench.pass(60_000)
    expect([seed.uploaded, leech.downloaded]).toEqual([uploaded, downloaded])
    expect(paused.peers).toEqual([peer])
    expect(leecher.stats.unwrittenBytes).toBeLessThanOrEqual(16_384 * 2)
    paused.resume()
    expect(paused.status).toBe(who === 'leech' ? 'downloading' : 'seeding')
    await bench.passUntil(() => leech.isComplete)
    expect(paused.peers.length).toBeLessThanOrEqual(1)
    expect(await bench.isCopied(leech)).toBe(true)
  })

  test('during the check holds once the check is over, and through stop and start', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 300_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const leecher = await bench.session()
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy() })
    leech.pause()
    expect(leech.status).toBe('checking')
    await leech.ready
    expect(leech.status).toBe('paused')
    await leech.stop()
    expect(leech.status).toBe('stopped')
    await leech.start()
    expect(leech.status).toBe('paused')
    const connected = eventOf(leech, 'peer-connected')
    leech.addPeer(bench.addressOf(seeder))
    await connected
    await bench.settle()
    expect(leech.downloaded).toBe(0)
    leech.resume()
    await leech.done
  })

  test('is told, and so is its end', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 300_000 })
    const [, seed] = await bench.seed('one.bin')
    const told = collect(seed.events({ types: ['paused', 'resumed'] }))
    seed.resume()
    seed.pause()
    seed.pause()
    seed.resume()
    seed.resume()
    await bench.settle()
    expect(told.map(({ type }) => type)).toEqual(['paused', 'resumed'])
  })
})

describe('remove', () => {
  test('forgets the torrent and leaves its files, which can be added again', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 100_000 })
    const [session, seed] = await bench.seed('one.bin', { state: bench.copy('state') })
    const removed = collect(session.events({ types: ['torrent-removed', 'torrent-added'] }))
    await session.remove(seed)
    await session.remove(seed)
    expect(session.torrents).toEqual([])
    expect(seed.status).toBe('closed')
    expect((await stat(join(origin, 'one.bin'))).size).toBe(100_000)
    expect(await readdir(bench.copy('state'))).toEqual(['lock'])
    const again = await session.add(seed.torrentFile, { path: origin })
    await again.done
    expect(removed.map(({ type }) => type)).toEqual(['torrent-removed', 'torrent-added'])
  })

  test('deletes what belongs to the torrent when asked to, and nothing else', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'tree/a.bin': 100_000, 'tree/deep/b.bin': 5_000, 'tree/deep/empty': '' })
    const [session, seed] = await bench.seed('tree')
    await writeFile(join(origin, 'tree', 'mine.txt'), 'not of the torrent')
    await session.remove(seed, { deleteFiles: true })
    expect(await readdir(join(origin, 'tree'))).toEqual(['mine.txt'])
  })
})

describe('close', () => {
  test('while the disk is checked ends the check, rejects what waits, and touches no file', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'big.bin': 30_000_000 })
    const [, seed] = await bench.seed('big.bin')
    const session = await bench.session()
    const torrent = await session.add(seed.torrentFile, { path: join(bench.path, 'origin') })
    expect(torrent.status).toBe('checking')
    const events = collect(torrent.events({ types: ['ready', 'closed', 'error'] }))
    const waits = [torrent.ready, torrent.done, torrent.check(), torrent.start()]
    const outcomes = Promise.allSettled(waits)
    await session.close()
    for (const outcome of await outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'TORRENT_CLOSED' } })
    }
    expect(torrent.status).toBe('closed')
    expect(events.map(({ type }) => type)).toEqual(['closed'])
  })

  test('while blocks are on their way leaves files that a new session goes on with', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 3_000_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const state = bench.copy('state')
    const leecher = await bench.session({ state })
    const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [bench.addressOf(seeder)] })
    await eventOf(leech, 'piece', ({ have }) => have > 20)
    await leecher.close()
    const { have } = leech.stats
    expect(have).toBeGreaterThan(20)
    const again = await bench.session({ state })
    const resumed = await again.add(seed.torrentFile, { path: bench.copy(), start: false })
    await resumed.ready
    expect(resumed.stats.have).toBe(have)
    resumed.addPeer(bench.addressOf(seeder))
    await resumed.start()
    await resumed.done
    expect(await bench.isCopied(resumed)).toBe(true)
  })

  test('is idempotent, ends every event stream, and leaves a torrent that can be looked at', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [session, seed] = await bench.seed('one.bin')
    const types: string[] = []
    const loop = (async () => {
      for await (const event of seed.events()) types.push(event.type)
      for await (const event of session.events()) types.push(event.type)
    })()
    await Promise.all([session.close(), session.close(), seed[Symbol.asyncDispose]()])
    await loop
    expect(types.at(-1)).toBe('closed')
    await expect(seed.start()).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
    await expect(seed.stop()).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
    await expect(seed.check()).rejects.toMatchObject({ code: 'TORRENT_CLOSED' })
    seed.pause()
    seed.resume()
    seed.addPeer('127.0.0.1:1')
    seed.files[0]!.priority = 0
    await bench.settle()
    expect(seed.status).toBe('closed')
    expect(seed.stats).toMatchObject({ have: 7, peers: 0 })
    await seed.ready
    await seed.done
  })

  test('happens at the end of the block that uses a torrent', async () => {
    await using bench = await BenchFolder.create()
    await bench.write({ 'one.bin': 100_000 })
    const [session, seed] = await bench.seed('one.bin')
    {
      await using leecher = await bench.session()
      await using torrent = await leecher.add(seed.torrentFile, { path: bench.copy() })
      expect(leecher.torrents).toEqual([torrent])
    }
    expect(session.torrents).toEqual([seed])
  })

  test('leaves no socket, timer or handle behind', async () => {
    await using bench = await BenchFolder.create()
    const origin = await bench.write({ 'one.bin': 5_000_000 })
    const before = resources()
    using timers = new OwnTimers()
    {
      await using seeder = await createSession({ port: 0, host: '127.0.0.1', state: bench.copy('a'), trackers: false })
      const seed = await seeder.seed(join(origin, 'one.bin'), { pieceLength: 65_536 })
      await using leecher = await createSession({ port: 0, host: '127.0.0.1', state: bench.copy('b'), trackers: false })
      // One that answers, two that refuse.
      const peers = [`127.0.0.1:${seeder.port}`, '127.0.0.1:1', '127.0.0.2:1']
      const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers })
      await leech.done
      expect(await bench.isCopied(leech)).toBe(true)
    }
    expect(timers.started).toBeGreaterThan(0)
    expect(timers.waiting).toEqual([])
    // Handles that are closing are still listed until the event loop has been round.
    await bench.settleUntil(() => added(before).length === 0).catch(() => {})
    expect(added(before)).toEqual([])
  })
})

/** Everything that keeps the process alive, but timers: the test runner, which may be in this process, has some of its own. */
function resources(): string[] {
  const passing = new Set(['FSReqPromise', 'Immediate', 'CloseReq', 'Timeout'])
  return process.getActiveResourcesInfo().filter((name) => !passing.has(name))
}

/** What is there now and was not before. */
function added(before: readonly string[]): string[] {
  const rest = [...before]
  return resources().filter((name) => {
    const at = rest.indexOf(name)
    if (at !== -1) rest.splice(at, 1)
    return at === -1
  })
}

/** The timers of what is tested, even those that would not keep the process alive: until disposed they go through here. */
class OwnTimers implements Disposable {
  readonly #real = { setTimeout, setInterval, clearTimeout, clearInterval }
  /** Milliseconds of each that waits. */
  readonly #waiting = new Map<unknown, number | undefined>()
  started = 0

  constructor() {
    const { setTimeout: once, setInterval: again, clearTimeout: end } = this.#real
    const startOnce = (fire: (...rest: unknown[]) => void, ms?: number, ...rest: unknown[]) => {
      const timer = once(() => {
        this.#waiting.delete(timer)
        fire(...rest)
      }, ms)
      return this.#started(timer, ms)
    }
    const startAgain = (fire: () => void, ms?: number) => this.#started(again(fire, ms), ms)
    const clear = (timer?: NodeJS.Timeout) => {
      this.#waiting.delete(timer)
      end(timer)
    }
    Object.assign(globalThis, {
      setTimeout: startOnce,
      setInterval: startAgain,
      clearTimeout: clear,
      clearInterval: clear,
    })
  }

  get waiting(): readonly (number | undefined)[] {
    return [...this.#waiting.values()]
  }

  #started(timer: NodeJS.Timeout, ms: number | undefined): NodeJS.Timeout {
    this.started++
    this.#waiting.set(timer, ms)
    return timer
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real)
  }
}
