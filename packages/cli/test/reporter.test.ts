import { describe, expect, test } from '@jest/globals'
import type { ProgressLine, ReportLine } from '@torrential/cli'
import { describeLine, JsonReporter, PlainReporter, shareOf } from '../src/reporter.ts'
import { FakeStream } from './fake-context.ts'

const progress: ProgressLine = {
  type: 'progress',
  torrent: 'aa',
  name: 'n',
  downloaded: 0,
  uploaded: 0,
  have: 1,
  of: 4,
  downRate: 100,
  upRate: 0,
  peers: 1,
  bytesWanted: 400,
  bytesLeft: 300,
  eta: 3000,
}

describe('JsonReporter', () => {
  test('prints one object per line, as it is', async () => {
    const out = new FakeStream()
    const reporter = new JsonReporter(out)
    const line: ReportLine = { type: 'piece', torrent: 'aa', piece: 3, have: 1, of: 4 }
    await reporter.tell(line)
    reporter.progress([progress])
    expect(out.lines.map((text) => JSON.parse(text) as unknown)).toEqual([line, progress])
  })

  test('gathers lines about pieces and files until another one comes', async () => {
    const out = new FakeStream()
    const reporter = new JsonReporter(out)
    const many: ReportLine[] = [
      { type: 'piece', torrent: 'aa', piece: 3, have: 1, of: 4 },
      { type: 'file-complete', torrent: 'aa', path: 'a', length: 1 },
    ]
    for (const line of many) await reporter.tell(line)
    expect(out.lines).toEqual([])
    await reporter.tell({ type: 'lagged', dropped: 1 })
    expect(out.lines.map((text) => (JSON.parse(text) as ReportLine).type)).toEqual(['piece', 'file-complete', 'lagged'])
    reporter[Symbol.dispose]()
  })

  test('waits for a slow reader and leaves progress out meanwhile', async () => {
    const out = new FakeStream()
    out.takesMore = false
    const reporter = new JsonReporter(out)
    let told = false
    const telling = reporter.tell({ type: 'lagged', dropped: 1 })?.then(() => {
      told = true
      return told
    })
    reporter.progress([progress, progress])
    expect(out.lines).toHaveLength(1)
    expect(told).toBe(false)
    out.takesMore = true
    out.emit('drain')
    await telling
    reporter.progress([progress])
    expect(out.lines).toHaveLength(2)
    expect(out.listeners).toBe(0)
  })

  test('stops waiting when the reader is gone', async () => {
    const out = new FakeStream()
    out.takesMore = false
    const telling = new JsonReporter(out).tell({ type: 'lagged', dropped: 1 })
    out.emit('close')
    await telling
    expect(out.listeners).toBe(0)
  })
})

describe('PlainReporter', () => {
  test('tells about progress rarer and rarer', () => {
    const out = new FakeStream()
    let now = 0
    const reporter = new PlainReporter(out, () => now)
    const after = (ms: number) => {
      for (const end = now + ms; now < end; now += 500) reporter.progress([progress])
      return out.lines.length
    }
    const firstTen = after(10_000)
    expect(firstTen).toBeGreaterThanOrEqual(8)
    const hour = after(3_600_000) - firstTen
    expect(hour).toBeGreaterThan(100)
    expect(hour).toBeLessThan(250)
  })

  test('says nothing about a check that is over at once', async () => {
    const out = new FakeStream()
    const reporter = new PlainReporter(out, () => 0)
    for (let done = 1; done <= 100; done++)
      await reporter.tell({ type: 'checking', torrent: 'a', done, have: 0, of: 100 })
    expect(out.text).toBe('')
  })

  test('writes what happened as plain lines without control characters', async () => {
    const out = new FakeStream()
    const reporter = new PlainReporter(out, () => 0)
    await reporter.tell({
      type: 'ready',
      torrent: 'aa',
      name: 'evil\u001b[2J\nname',
      infoHashV1: null,
      infoHashV2: null,
      port: 1,
      have: 0,
      of: 4,
    })
    expect(out.text).toBe('ready     evil [2J name: 0 of 4 pieces are here, port 1\n')
  })
})

test('a share is never below zero, even when boundary pieces are larger than what is wanted', () => {
  expect(shareOf({ ...progress, bytesWanted: 10, bytesLeft: 16_384 })).toBe(0)
  expect(shareOf({ ...progress, bytesWanted: 0, bytesLeft: 0 })).toBe(1)
})

test('done tells time, bytes and the average rate', () => {
  expect(describeLine({ type: 'done', seconds: 2, downloaded: 2048, uploaded: 5 })).toBe(
    'done      in 2.0 s: 2.00 KiB downloaded (1.00 KiB/s), 5 B uploaded',
  )
})

test('a demo that differs says where, and says so in its verdict', () => {
  const text = describeLine({
    type: 'demo',
    identical: false,
    length: 1024,
    files: 1,
    compared: 2048,
    differences: ['leech 1: a differs'],
    leeches: [{ name: 'leech 1', seconds: 1, rate: 1024, downloaded: 1024, uploaded: 512 }],
    seconds: 3,
  })
  expect(text).toContain('DIFFERENT leech 1: a differs')
  expect(text).toContain('NOT the same')
})
