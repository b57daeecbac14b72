import { describe, expect, test } from '@jest/globals'
import { ShortQueue } from '../src/short-queue.ts'

/** A line on which a block takes `trip` milliseconds on its own and that brings one in each `pace`. Asks for what the queue allows, or for `depth`. */
class Line {
  readonly queue = new ShortQueue()
  now = 1_000
  trip: number
  pace: number
  #asked: number[] = []
  #free = 0

  constructor(trip: number, pace: number) {
    this.trip = trip
    this.pace = pace
  }

  run(ms: number, depth?: number): void {
    for (const end = this.now + ms; this.now < end; ) {
      while (this.#asked.length < (depth ?? this.queue.depth)) this.#asked.push(this.now)
      const [asked] = this.#asked.splice(0, 1) as [number]
      this.#free = Math.max(this.#free + this.pace, asked + this.trip)
      this.now = Math.max(this.now, this.#free)
      this.queue.arrived(asked, this.now, depth === undefined)
    }
  }
}

describe('a short queue', () => {
  test('begins with a piece of 1 MiB', () => {
    expect(new ShortQueue().depth).toBe(64)
  })

  test.each([
    [50, 0.8],
    [200, 0.8],
    [20, 8],
  ])('is what the line of %d ms holds where a block comes each %d ms, and a little more', (trip, pace) => {
    const line = new Line(trip, pace)
    line.run(3_000)
    const holds = trip / pace
    expect(line.queue.depth).toBeGreaterThanOrEqual(Math.max(16, holds))
    expect(line.queue.depth).toBeLessThanOrEqual(Math.max(16, holds * 1.3 + 6))
  })

  test('does not take a long queue that somebody else made for the length of the line', () => {
    const line = new Line(50, 0.8)
    line.run(500)
    // Nobody reads: a minute with seconds of requests.
    line.run(60_000, 2_000)
    expect(line.queue.depth).toBeLessThan(100)
  })

  test('follows a line that became longer, and one that became slower', () => {
    const line = new Line(50, 0.8)
    line.run(3_000)
    line.trip = 150
    line.run(90_000)
    expect(line.queue.depth).toBeGreaterThan(150 / 0.8)
    line.pace = 8
    line.run(45_000)
    expect(line.queue.depth).toBeLessThan(1.3 * (150 / 8) + 30)
  })
})
