// Each workload in its smallest form: only for being right, never for being fast. Every run compares what it produced, so a workload
// that ends has worked.
import { describe, expect, test } from '@jest/globals'
import { tmpdir } from 'node:os'
import { aria2, libtorrent, missingPrograms, opentracker, webtorrent } from '@torrential/interop'
import { describeOutcome, runWorkload } from '../src/run-workload.ts'
import { timeAvailable } from '../src/measured-run.ts'
import { WORKLOADS } from '../src/workloads/index.ts'

const small: Readonly<Record<string, number>> = {
  leech: 300_000,
  seed: 300_000,
  swarm: 300_000,
  'many-seeds': 300_000,
  idle: 5,
  active: 200_000,
  stream: 3_000_000,
  'stream-hybrid': 3_000_000,
  'tracker-udp': 50,
  'tracker-http': 50,
  'start-version': 1,
  'create-hybrid': 300_000,
  'verify-hybrid': 300_000,
  'floor-leech': 300_000,
  'floor-seed-20': 300_000,
  'floor-verify-v2': 300_000,
}

const time = timeAvailable()
const missing = [
  ...(await missingPrograms([libtorrent, aria2, webtorrent, opentracker])),
  ...(time === true ? [] : [time]),
]
const running = missing.length === 0 || process.env['CI'] === 'true' ? describe : describe.skip

running(`workloads${missing.length === 0 ? '' : ` (${missing.join('; ')})`}`, () => {
  test.each(Object.entries(small))(
    '%s runs, every contestant of it is right, and a table comes out',
    async (name, size) => {
      const workload = WORKLOADS.find((one) => one.name === name)
      if (workload === undefined) throw new Error(`no workload ${name}`)
      const outcome = await runWorkload(workload, { size, runs: 1, seconds: 0.2, folder: tmpdir(), note: () => {} })
      const text = describeOutcome(outcome)
      expect(outcome.results.map((result) => result.name)).toEqual(
        expect.arrayContaining(['torrential', ...workload.counterparts.map((one) => one.name)]),
      )
      for (const result of outcome.results) expect(text).toContain(`| ${result.name} `)
      expect(outcome.verdicts).toHaveLength(workload.goals.length)
    },
  )
})

test('every workload has a name of its own, and every row is there', () => {
  expect(new Set(WORKLOADS.map(({ name }) => name)).size).toBe(WORKLOADS.length)
  const rows = new Set(WORKLOADS.map(({ row }) => row))
  for (const row of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]) expect(rows).toContain(row)
})
