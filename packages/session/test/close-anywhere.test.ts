// Closing at any moment. Give CLOSE_SEED to repeat a run or to try another one, CLOSE_POINTS for the full form:
//   CLOSE_POINTS=1000 node --experimental-vm-modules node_modules/jest/bin/jest.js --config .config/jest.config.js close-anywhere
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, jest, test } from '@jest/globals'
import { type Clock, SeededRandom } from '@torrential/primitives'
import { createSession, type Session, type Torrent } from '@torrential/session'
import { nodeFileSystem } from '@torrential/storage'
import { TcpTransport } from '@torrential/transport'
import { BenchFolder, collect } from './bench-folder.ts'

const seedOfTest = Number(process.env.CLOSE_SEED ?? 5)
const points = Number(process.env.CLOSE_POINTS ?? 60)
const LIMIT = 5_000

jest.setTimeout(60_000 + points * 1_000)

/** A clock that knows how many of its timers run. */
class CountedClock implements Clock {
  running = 0
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  now(): number {
    return this.#clock.now()
  }

  timer(ms: number, fire: () => void): Disposable {
    let isRunning = true
    const end = () => {
      if (isRunning) this.running--
      isRunning = false
    }
    this.running++
    const timer = this.#clock.timer(ms, () => {
      end()
      fire()
    })
    return {
      [Symbol.dispose]: () => {
        end()
        timer[Symbol.dispose]()
      },
    }
  }
}

type Act = (torrent: Torrent | undefined) => Promise<unknown> | void

/** What a user may have under way when the session is closed. */
function actsOf(session: Session, source: () => string | Uint8Array, bench: BenchFolder, peers: string[]): Act[] {
  return [
    () => session.add(source(), { path: bench.copy('copy'), peers }),
    () => session.seed(join(bench.path, 'origin', 'other.bin'), { pieceLength: 16_384 }),
    (torrent) => torrent?.check(),
    (torrent) => torrent?.stop(),
    (torrent) => torrent?.start(),
    (torrent) => torrent?.pause(),
    (torrent) => torrent?.resume(),
    async (torrent) => {
      for await (const _chunk of torrent?.files[0]?.stream() ?? []);
    },
    (torrent) => torrent && session.remove(torrent, { deleteFiles: true }),
  ]
}

function handles(): string[] {
  const passing = new Set(['FSReqPromise', 'FSReqCallback', 'Immediate', 'CloseReq'])
  return process.getActiveResourcesInfo().filter((name) => !passing.has(name))
}

/** What is there now and was not before. */
function added(before: readonly string[]): string[] {
  const rest = [...before]
  return handles().filter((name) => {
    const at = rest.indexOf(name)
    if (at !== -1) rest.splice(at, 1)
    return at === -1
  })
}

describe(`close() at ${points} random points (CLOSE_SEED=${seedOfTest})`, () => {
  test('resolves within five seconds and leaves no timer, connection, handle or temporary file', async () => {
    await using bench = await BenchFolder.create({ virtual: true, seed: seedOfTest })
    await bench.write({ 'one.bin': 400_000, 'other.bin': 300_000 })
    const [seeder, seed] = await bench.seed('one.bin', { maxUp: 400_000 })
    const magnet = `magnet:?xt=urn:btih:${seed.infoHash}`
    const random = new SeededRandom(seedOfTest)
    const pick = (below: number) => Math.floor(random.next() * below)
    const before = handles()
    const reached = new Set<string>()
    for (let point = 0; point < points; point++) {
      const clock = new CountedClock(bench.clock)
      const transport = bench.network.transport()
      const state = bench.copy('state')
      const session = await createSession({ transport, host: transport.host, trackers: false, clock, state })
      const source = () => (pick(2) === 0 ? magnet : seed.torrentFile)
      const acts = actsOf(session, source, bench, [bench.addressOf(seeder), '10.66.66.66:1'])
      await acts[0]?.(undefined)
      for (let step = pick(8); step > 0; step--) {
        const torrent = session.torrents[pick(session.torrents.length)]
        // Whether it works out or is given up is not the question here.
        void Promise.resolve(acts[pick(acts.length)]?.(torrent)).catch(() => {})
        if (pick(3) === 0) await bench.pass(pick(400))
        else for (let turn = pick(30); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
      }
      for (const { status } of session.torrents) reached.add(status)
      // Virtual time stands still: without a tracker nothing may need any, and what a busy disk takes does not count.
      await session.close()
      expect({ point, timers: clock.running, connections: transport.connections }).toEqual({
        point,
        timers: 0,
        connections: 0,
      })
      const left = await readdir(state)
      expect({ point, left: left.filter((name) => /lock|\.new$/.test(name)) }).toEqual({
        point,
        left: [],
      })
    }
    await bench.settleUntil(() => added(before).length === 0).catch(() => {})
    expect(added(before)).toEqual([])
    // The points were spread: it was closed in all of these.
    if (points >= 60) expect([...reached]).toEqual(expect.arrayContaining(['metadata', 'checking', 'downloading']))
  })

  test('does so with real sockets as well', async () => {
    await using bench = await BenchFolder.create({ seed: seedOfTest })
    await bench.write({ 'one.bin': 4_000_000, 'other.bin': 300_000 })
    const host = '127.0.0.1'
    await using seeder = await createSession({ port: 0, host, trackers: false })
    const seed = await seeder.seed(join(bench.path, 'origin', 'one.bin'), { version: 'v1', pieceLength: 16_384 })
    await seed.done
    const random = new SeededRandom(seedOfTest)
    const pick = (below: number) => Math.floor(random.next() * below)
    for (let point = 0; point < Math.max(10, points / 10); point++) {
      const transport = new TcpTransport()
      const session = await createSession({ transport, port: 0, host, trackers: false, state: bench.copy('state') })
      const peers = [`${host}:${seeder.port}`, `${host}:1`]
      const acts = actsOf(session, () => seed.torrentFile, bench, peers)
      await acts[0]?.(undefined)
      for (let step = pick(6); step > 0; step--) {
        void Promise.resolve(acts[pick(acts.length)]?.(session.torrents[0])).catch(() => {})
        for (let turn = pick(200); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve))
      }
      await session.close()
      expect({ point, connections: transport.connections }).toEqual({ point, connections: 0 })
    }
  })
})

describe('the deadline of close()', () => {
  test('holds when the disk does not answer, and the state folder stays locked until it does', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 400_000 })
    const [seeder, seed] = await bench.seed('one.bin')
    const clock = new CountedClock(bench.clock)
    const transport = bench.network.transport()
    const state = bench.copy('state')
    const session = await createSession({ transport, host: transport.host, trackers: false, clock, state })
    let answer = () => {}
    const answered = new Promise<void>((resolve) => (answer = resolve))
    const makeDirectory = nodeFileSystem.makeDirectory.bind(nodeFileSystem)
    const stuck = jest.spyOn(nodeFileSystem, 'makeDirectory').mockImplementation(async (...args) => {
      if (args[0].includes('deep')) await answered
      return makeDirectory(...args)
    })
    try {
      const peers = [bench.addressOf(seeder)]
      await session.add(seed.torrentFile, { path: bench.copy('deep/copy'), peers })
      // The state folder is made, too.
      await bench.settleUntil(() => stuck.mock.calls.some(([path]) => path.includes('deep')))
      const begun = bench.clock.now()
      let isClosed = false
      void session.close().then(() => (isClosed = true))
      await bench.pass(4_000)
      expect(isClosed).toBe(false)
      await bench.pass(1_000)
      expect(isClosed).toBe(true)
      expect(bench.clock.now() - begun).toBeLessThanOrEqual(LIMIT)
      expect(transport.connections).toBe(0)
      await expect(createSession({ listen: false, state })).rejects.toMatchObject({ code: 'STATE_LOCKED' })
    } finally {
      answer()
      stuck.mockRestore()
    }
    await bench.settleUntil(() => clock.running === 0)
    while ((await readdir(state)).includes('lock')) await bench.settle()
    await (await createSession({ listen: false, state })).close()
  })

  test('is not spent twice by a stop that is being told to a silent tracker', async () => {
    await using bench = await BenchFolder.create({ virtual: true })
    await bench.write({ 'one.bin': 100_000 })
    const server = createServer((request, response) => {
      if (!String(request.url).includes('event=stopped')) response.end('d8:intervali1800e5:peers0:e')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/announce`
    const session = await bench.session({ trackers: true })
    const replies = collect(session.events({ types: ['tracker-reply'] }))
    const torrent = await session.seed(join(bench.path, 'origin', 'one.bin'), { trackers: [[url]] })
    await torrent.ready
    await bench.settleUntil(() => replies.length > 0)
    void torrent.stop().catch(() => {})
    await bench.pass(2_000)
    const begun = bench.clock.now()
    let isClosed = false
    void session.close().then(() => (isClosed = true))
    await bench.passUntil(() => isClosed)
    expect(bench.clock.now() - begun).toBeLessThanOrEqual(2_500)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  test('gives up an add whose .torrent is still being fetched', async () => {
    await using bench = await BenchFolder.create()
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const session = await bench.session()
    const adding = session.add(`http://127.0.0.1:${(server.address() as AddressInfo).port}/never.torrent`)
    const outcome = expect(adding).rejects.toMatchObject({ code: 'SESSION_CLOSED' })
    await bench.settle()
    await session.close()
    await outcome
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
})

test('what is done to a torrent that was removed brings nothing back to the state folder', async () => {
  await using bench = await BenchFolder.create({ virtual: true })
  await bench.write({ 'one.bin': 100_000 })
  const state = bench.copy('state')
  const [session, torrent] = await bench.seed('one.bin', { state })
  await session.remove(torrent)
  torrent.pause()
  torrent.resume()
  expect(bench.clock.pending).toBe(0)
  await bench.pass(60_000)
  expect((await readdir(state)).filter((name) => name.startsWith(torrent.infoHash))).toEqual([])
})
