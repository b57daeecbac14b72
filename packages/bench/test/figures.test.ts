import { mkdtemp, rm } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { measure, parseFigures, timeAvailable } from '../src/measured-run.ts'
import { OthersWatch } from '../src/others-watch.ts'
import { parseSize } from '../src/parse-size.ts'
import { parseUsage, usageOf } from '../src/process-usage.ts'

let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'torrential-bench-'))
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('parseFigures', () => {
  test('adds user and system time and counts memory in bytes', () => {
    expect(parseFigures('1.50 0.25 2000\n')).toEqual({ cpuSeconds: 1.75, peakBytes: 2_048_000 })
  })

  test('takes the last line: a warning may come before the figures', () => {
    expect(parseFigures('Command terminated by signal 9\n1 1 1\n').cpuSeconds).toBe(2)
  })

  test('refuses anything else', () => {
    expect(() => parseFigures('nonsense')).toThrow('GNU time wrote')
  })
})

describe('parseUsage', () => {
  test('finds the times behind a program name with spaces and parentheses', () => {
    const stat = '77 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20'
    expect(parseUsage(stat, 'Name:\ta\nVmHWM:\t   100 kB\n')).toEqual({ cpuSeconds: 2, peakBytes: 102_400 })
  })

  test('reads this very process', async () => {
    const { cpuSeconds, peakBytes } = await usageOf(process.pid)
    expect(cpuSeconds).toBeGreaterThan(0)
    expect(peakBytes).toBeGreaterThan(10e6)
  })
})

describe('parseSize', () => {
  test.each([
    ['1000', 1000],
    ['16K', 16_384],
    ['512M', 536_870_912],
    ['2G', 2_147_483_648],
  ])('reads %s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each(['', '0', '-1', '1.5G', '2g', '1T', 'G', '9999999999999'])('refuses %j', (text) => {
    expect(() => parseSize(text)).toThrow('is not a size')
  })
})

// Where GNU time is missing these are skipped under a name that says so; with CI=true they run and fail.
const time = timeAvailable()
const measuring = time === true || process.env['CI'] === 'true' ? describe : describe.skip

measuring(`measure${time === true ? '' : ` (${time})`}`, () => {
  const figures = (): string => join(folder, 'figures')

  test('counts the memory and the time of the program that it runs', async () => {
    const script =
      'const block = Buffer.alloc(200e6, 1); const end = Date.now() + 300; while (Date.now() < end); block[0]'
    const result = await measure(
      { command: process.execPath, args: ['-e', script] },
      { figures: figures(), deadline: 20_000 },
    )
    expect(result.peakBytes).toBeGreaterThan(200e6)
    expect(result.cpuSeconds).toBeGreaterThan(0.2)
    expect(result.wallSeconds).toBeGreaterThan(0.3)
  })

  test('tells how much of the machine others used meanwhile', async () => {
    const spin = ['-e', 'const end = Date.now() + 1500; while (Date.now() < end);']
    const other = spawn(process.execPath, spin)
    try {
      const idle = { command: process.execPath, args: ['-e', 'setTimeout(() => {}, 800)'] }
      const { othersShare } = await measure(idle, { figures: figures(), deadline: 20_000 })
      expect(othersShare).toBeGreaterThan(0.3 / availableParallelism())
      expect(othersShare).toBeLessThanOrEqual(1)
    } finally {
      other.kill()
    }
  })

  test('counts the work of companions as no disturbance', async () => {
    const [aware, unaware] = [await OthersWatch.start([process.pid]), await OthersWatch.start([])]
    const end = performance.now() + 500
    while (performance.now() < end);
    const [others, all] = [await aware.share(0.5, 0), await unaware.share(0.5, 0)]
    expect(all - others).toBeGreaterThan(0.1 / availableParallelism())
  })

  test('writes its input', async () => {
    const script = "process.stdin.on('data', (line) => process.exit(String(line) === 'go' ? 0 : 3))"
    const command = { command: process.execPath, args: ['-e', script], input: 'go' }
    await expect(measure(command, { figures: figures(), deadline: 20_000 })).resolves.toBeDefined()
  })

  test('reports a failure with the end of the output', async () => {
    const command = { command: process.execPath, args: ['-e', 'console.error("no luck"); process.exitCode = 4'] }
    await expect(measure(command, { figures: figures(), deadline: 20_000 })).rejects.toThrow(/ended with 4\n.*no luck/s)
  })

  test('kills what takes too long', async () => {
    const command = { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] }
    await expect(measure(command, { figures: figures(), deadline: 300 })).rejects.toThrow('ended with SIGKILL')
  })
})
