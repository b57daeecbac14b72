import { describe, expect, test } from '@jest/globals'
import type { ProgressLine } from '@torrential/cli'
import { drawRow, TerminalView } from '../src/terminal-view.ts'
import { FakeStream } from './fake-context.ts'
import { Screen } from './screen.ts'

const halfway: ProgressLine = {
  type: 'progress',
  torrent: 'aa',
  name: 'linux.iso',
  downloaded: 5000,
  uploaded: 100,
  have: 5,
  of: 10,
  downRate: 2048,
  upRate: 10,
  peers: 3,
  bytesWanted: 1024 * 1024,
  bytesLeft: 512 * 1024,
  eta: 65_000,
}

function open(columns = 120) {
  const stream = new FakeStream({ isTTY: true, columns })
  let now = 0
  const view = new TerminalView(stream, () => now)
  const look = () => {
    const screen = new Screen(columns)
    screen.feed(stream.text)
    return screen.lines
  }
  return { stream, view, look, pass: (ms: number) => (now += ms) }
}

describe('TerminalView', () => {
  test('shows share, size, rates, peers and time left of each torrent', () => {
    const { view, look } = open()
    view.progress([halfway, { ...halfway, torrent: 'bb', name: 'other', bytesLeft: 0, eta: null }])
    expect(look()[0]).toMatch(
      /^linux\.iso +█+░+ {2}50\.0 % of 1\.00 MiB {2}↓ 2\.00 KiB\/s {2}↑ 10 B\/s {2}3 peers {2}1 m 05 s left$/,
    )
    expect(look()[1]).toMatch(/^other +█+ {2}100\.0 % .* complete$/)
  })

  test('keeps one line per torrent and puts what happened above', async () => {
    const { view, look } = open()
    view.progress([halfway])
    await view.tell({ type: 'file-complete', torrent: 'aa', path: 'a/b.txt', length: 10 })
    view.progress([{ ...halfway, bytesLeft: 0 }])
    expect(look()).toHaveLength(3)
    expect(look()[0]).toBe('file      a/b.txt, 10 B')
    expect(look()[1]).toContain('100.0 %')
  })

  test('does not redraw a check more often than anybody can see, but does show its end', async () => {
    const { stream, view, look, pass } = open()
    for (let done = 1; done <= 100; done++) {
      pass(1)
      await view.tell({ type: 'checking', torrent: 'aa', done, have: done, of: 100 })
    }
    expect(stream.writes).toBeLessThan(5)
    expect(look()[0]).toContain('100.0 %  100 of 100 pieces good')
  })

  test('lets no control character of a name reach the terminal', () => {
    const { stream, view } = open()
    view.progress([{ ...halfway, name: 'evil\u001b[2J\u0007name' }])
    expect(stream.text).not.toContain('\u001b[2J')
    expect(stream.text).not.toContain('\u0007')
  })

  test('shows the last progress in the bar, and gives short names little room', async () => {
    const { view, look } = open()
    view.progress([{ ...halfway, name: 'a' }])
    await view.tell({ ...halfway, name: 'a', bytesLeft: 0 })
    expect(look()).toHaveLength(2)
    expect(look()[0]).toMatch(/^a {7}█{30} {2}100\.0 %/)
  })

  test('says the last word below the bars', async () => {
    const { view, look } = open()
    view.progress([halfway])
    await view.tell({ type: 'done', seconds: 1, downloaded: 0, uploaded: 0 })
    view[Symbol.dispose]()
    expect(look()[0]).toContain('linux.iso')
    expect(look()[1]).toMatch(/^done /)
  })

  test('does not draw what only programs want to know', async () => {
    const { stream, view } = open()
    await view.tell({ type: 'piece', torrent: 'aa', piece: 1, have: 1, of: 2 })
    expect(stream.writes).toBe(0)
  })
})

describe('drawRow', () => {
  const row = { name: 'a name of some length', text: '50.0 % of 1.00 MiB', share: 0.5 }

  test.each([20, 30, 40, 60, 80, 200])('fits into %i columns', (columns) => {
    const line = drawRow(row, columns)
    expect(line.length).toBeLessThanOrEqual(columns)
    expect(line).toMatch(/^a n/)
  })

  test('gives the bar up first when there is little room', () => {
    expect(drawRow(row, 80)).toContain('█')
    expect(drawRow(row, 29)).not.toContain('█')
    expect(drawRow(row, 29)).toContain('50.0 % of 1.00 MiB')
  })

  test.each([-1, 0, 1, 2, Number.NaN])('survives a share of %d', (share) => {
    expect(drawRow({ ...row, share }, 80)).toContain('50.0 %')
  })
})
