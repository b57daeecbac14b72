// V8 finds a field of an object by its shape, and remembers at each place of the code where that was. An object whose shape has been replaced by a
// wider one is not found there: it is changed on the spot, which takes microseconds, and code that was compiled before, and copies by
// spread, go on making such objects. Nothing else shows it. So V8 writes down here what it had to look up, and no place may do so for
// every file or block.

import { afterEach, expect, test } from '@jest/globals'
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { SeededRandom } from '@torrential/primitives'
import { Bench } from './cli-process.ts'

const local = ['--host', '127.0.0.1', '--port', '0', '--no-trackers', '--json']
const patience = 120_000
const FILES = 3_000
/** Of one place in the code; a third of them are met by Node.js's own streams while they start. */
const MOST = 1_000

const benches: Bench[] = []
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench[Symbol.asyncDispose]()
})

/** How often each place, by line and column, looked something up, the worst first. */
function missesOf(log: string): [place: string, misses: number][] {
  const misses = new Map<string, number>()
  for (const line of log.split('\n')) {
    const [kind = '', , , row, column, , , , name] = line.split(',')
    if (!kind.endsWith('IC')) continue
    const place = `${kind} ${row}:${column} ${name}`
    misses.set(place, (misses.get(place) ?? 0) + 1)
  }
  return [...misses].sort(([, a], [, b]) => b - a)
}

test(
  'neither side of a torrent of many files looks up the same field for each of them',
  async () => {
    const bench = await Bench.open()
    benches.push(bench)
    const random = new SeededRandom(11)
    for (let folder = 0; folder < FILES / 100; folder++) {
      await mkdir(bench.at('seeded', 'tree', String(folder)), { recursive: true })
      for (let file = 0; file < 100; file++) {
        await writeFile(bench.at('seeded', 'tree', String(folder), String(file)), random.bytes(9_000))
      }
    }
    const torrent = bench.at('tree.torrent')
    await bench.run('create', bench.at('seeded/tree'), '-o', torrent, '--v1', '--piece-length', '64K')
    const logged = (name: string): string[] => ['--log-ic', `--logfile=${bench.at(name)}`, '--no-logfile-per-isolate']

    // The second start believes its record, except for what has been touched since: pieces have come from the record then.
    const seeding = ['seed', torrent, '--path', bench.at('seeded'), ...local]
    const first = bench.start(...seeding)
    await first.line({ type: 'ready' })
    first.child.kill('SIGINT')
    await first.ended
    const later = new Date(Date.now() + 600_000)
    for (let folder = 0; folder < FILES / 100; folder++) {
      for (let file = 0; file < 100; file++) {
        await utimes(bench.at('seeded', 'tree', String(folder), String(file)), later, later)
      }
    }
    const seed = bench.startWith(logged('seed.log'), ...seeding)
    const { port } = await seed.line({ type: 'ready' })
    const leeching = ['download', torrent, '--path', bench.at('copy'), ...local, '--peer', `127.0.0.1:${String(port)}`]
    const leech = bench.startWith(logged('leech.log'), ...leeching, '--state', bench.at('leech'))
    const { code, stderr } = await leech.ended
    expect([code, stderr]).toEqual([0, ''])
    seed.child.kill('SIGINT')
    await seed.ended

    for (const name of ['leech.log', 'seed.log']) {
      const misses = missesOf(await readFile(bench.at(name), 'latin1'))
      // It was written down at all.
      expect(misses.length).toBeGreaterThan(100)
      expect(misses.filter(([, count]) => count > MOST)).toEqual([])
    }
  },
  patience,
)
