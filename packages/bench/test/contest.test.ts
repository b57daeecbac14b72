import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Contestant, runContest } from '../src/contest.ts'
import type { Measurement } from '../src/measured-run.ts'

let folder = ''
let targets = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'torrential-bench-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const measurement: Measurement = { wallSeconds: 1, cpuSeconds: 1, peakBytes: 1, othersShare: 0 }

function contestOf(contestants: readonly Contestant[], verify: (target: string) => Promise<void> = async () => {}) {
  return {
    contestants,
    runs: 3,
    folder,
    deadline: 1_000,
    async makeTarget() {
      targets += 1
      const target = join(folder, `target-${targets}`)
      await mkdir(target)
      return target
    },
    verify,
    report() {},
  }
}

test('contestants take turns, each being first once', async () => {
  const order: string[] = []
  const runs = ['a', 'b', 'c'].map((name) => ({
    name,
    async run() {
      order.push(name)
      return measurement
    },
  }))
  const results = await runContest(contestOf(runs))
  expect(order.join('')).toBe('abcbcacab')
  expect(results.map(({ name, measurements }) => `${name}${measurements.length}`)).toEqual(['a3', 'b3', 'c3'])
})

test('what a run produced is checked and then removed', async () => {
  const checked: string[] = []
  await runContest(
    contestOf([{ name: 'a', run: async () => measurement }], async (target) => void checked.push(target)),
  )
  expect(checked).toHaveLength(3)
  for (const target of checked) await expect(stat(target)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a wrong result ends the contest and names whose it was', async () => {
  const contest = contestOf([{ name: 'liar', run: async () => measurement }], async () => {
    throw new Error('differs at 0')
  })
  await expect(runContest(contest)).rejects.toThrow('liar failed: differs at 0')
})
