import { expect, test } from '@jest/globals'
import { LiveArea } from '../src/live-area.ts'
import { FakeStream } from './fake-context.ts'
import { Screen } from './screen.ts'

function open(columns = 40) {
  const stream = new FakeStream({ isTTY: true, columns })
  const area = new LiveArea(stream)
  const look = () => {
    const screen = new Screen(columns)
    screen.feed(stream.text)
    return screen
  }
  return { stream, area, look }
}

test('redraws its lines in place', () => {
  const { area, look } = open()
  area.draw(['one 10 %', 'two 20 %'])
  area.draw(['one 30 %', 'two 4 %'])
  expect(look().lines).toEqual(['one 30 %', 'two 4 %', ''])
})

test('lets log lines scroll by above, without leaving rests behind', () => {
  const { area, look } = open()
  area.log('started')
  area.draw(['a long line with a bar in it'])
  area.log('file')
  area.draw(['short'])
  expect(look().lines).toEqual(['started', 'file', 'short', ''])
})

test('clears the rests of bars behind every line of a longer text', () => {
  const { area, look } = open()
  area.draw(['a long line with a bar in it', 'another one of that kind'])
  area.log('one\ntwo\nthree')
  area.draw(['x', 'y'])
  expect(look().lines).toEqual(['one', 'two', 'three', 'x', 'y', ''])
})

test('what follows after settling comes below', () => {
  const { area, look } = open()
  area.draw(['bar 100 %'])
  area.settle()
  area.log('done')
  area.draw(['bar again'])
  expect(look().lines).toEqual(['bar 100 %', 'done', 'bar again', ''])
})

test('clears what is below when it becomes smaller', () => {
  const { area, look } = open()
  area.draw(['one', 'two', 'three'])
  area.draw(['only'])
  expect(look().lines).toEqual(['only', ''])
})

test('draws each change with a single write', () => {
  const { stream, area } = open()
  area.draw(['one', 'two'])
  area.log('text')
  expect(stream.writes).toBe(2)
})

test('hides the cursor while it lives and shows it afterwards, once', () => {
  const { stream, area, look } = open()
  area.draw(['one'])
  expect(look().cursorVisible).toBe(false)
  area[Symbol.dispose]()
  const written = stream.text
  area[Symbol.dispose]()
  expect(stream.text).toBe(written)
  expect(look().cursorVisible).toBe(true)
  expect(look().wraps).toBe(true)
})

test('still logs when it is over, and draws no more', () => {
  const { area, look } = open()
  area.draw(['one'])
  area[Symbol.dispose]()
  area.draw(['two'])
  area.log('the end')
  expect(look().lines).toEqual(['one', 'the end', ''])
})
