import { describe, expect, test } from '@jest/globals'
import { TurnBudget } from '../src/turn-budget.ts'

const nextTurn = () => new Promise((turned) => setImmediate(turned))

/** Takes `sizes` at once; the answer grows with each that was let in. */
function takeAll(turns: TurnBudget, sizes: readonly number[]): number[] {
  const done: number[] = []
  for (const [index, bytes] of sizes.entries()) {
    const turn = turns.take(bytes)
    if (turn === undefined) done.push(index)
    else void turn.then(() => done.push(index))
  }
  return done
}

describe('the budget of a turn of the event loop', () => {
  test('lets in what fits, and the rest in order in later turns', async () => {
    const done = takeAll(new TurnBudget(100), [40, 40, 40, 10, 60, 1])
    expect(done).toEqual([0, 1])
    await nextTurn()
    expect(done).toEqual([0, 1, 2, 3])
    await nextTurn()
    expect(done).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('is crowded while somebody waits for a later turn', async () => {
    const turns = new TurnBudget(100)
    takeAll(turns, [100])
    expect(turns.isCrowded).toBe(false)
    takeAll(turns, [100, 60, 40])
    for (const isCrowded of [true, true, false]) {
      expect(turns.isCrowded).toBe(isCrowded)
      await nextTurn()
    }
  })

  test('is behind from a turn that left something to the next, until one that did much leaves nothing', async () => {
    const turns = new TurnBudget(100)
    takeAll(turns, [100, 90])
    expect(turns.isBehind).toBe(false)
    await nextTurn()
    expect(turns.isBehind).toBe(true)
    await nextTurn()
    expect(turns.isBehind).toBe(false)
    takeAll(turns, [100])
    await nextTurn()
    expect(turns.isBehind).toBe(false)
  })

  test('gives more than a turn may do a turn of its own', async () => {
    const done = takeAll(new TurnBudget(100), [1, 500, 500, 1])
    for (const expected of [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]) {
      expect(done).toEqual(expected)
      await nextTurn()
    }
  })

  test('lets in what waits also when a turn did little and has no room for it', async () => {
    const done = takeAll(new TurnBudget(100), [100, 40, 80, 30])
    for (const expected of [[0], [0, 1], [0, 1, 2], [0, 1, 2, 3]]) {
      expect(done).toEqual(expected)
      await nextTurn()
    }
  })

  test('asks for no end of a turn that did little, and begins anew once they add up', async () => {
    const turns = new TurnBudget(100)
    for (let index = 0; index < 1_000; index++) {
      expect(turns.take(30)).toBeUndefined()
      await nextTurn()
    }
  })
})
