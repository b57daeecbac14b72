import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { Fifo } from '../src/fifo.ts'

test('a fifo behaves as an array that is pushed and shifted', () => {
  const command = fc.constantFrom('push', 'push', 'shift', 'shift', 'clear')
  fc.assert(
    fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
      const fifo = new Fifo<number>()
      let model: number[] = []
      commands.forEach((does, n) => {
        // Clearing is rare, or the queue never grows to where it is cut.
        if (does === 'clear' && n % 50 === 0) {
          fifo.clear()
          model = []
        } else if (does === 'shift') {
          expect(fifo.shift()).toBe(model.shift())
        } else {
          fifo.push(n)
          model.push(n)
        }
        expect([fifo.length, fifo.peek(), fifo.last()]).toEqual([model.length, model[0], model.at(-1)])
      })
    }),
  )
})

describe('a long fifo', () => {
  test('gives everything back in order', () => {
    const fifo = new Fifo<number>()
    for (let i = 0; i < 10_000; i++) fifo.push(i)
    for (let i = 0; i < 10_000; i++) expect(fifo.shift()).toBe(i)
    expect(fifo.shift()).toBeUndefined()
    expect(fifo.last()).toBeUndefined()
  })
})
