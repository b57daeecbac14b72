import { Scope } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'

const named = (log: string[], name: string) => ({ [Symbol.dispose]: () => void log.push(name) })
const slow = (log: string[], name: string) => ({
  [Symbol.asyncDispose]: async () => {
    log.push(`${name} begins`)
    await Promise.resolve()
    await Promise.resolve()
    log.push(`${name} ends`)
  },
})

describe('a scope', () => {
  test('closes what it owns one after the other, newest first', async () => {
    const log: string[] = []
    const scope = new Scope()
    const first = named(log, 'first')
    expect(scope.own(first)).toBe(first)
    scope.own(slow(log, 'second'))
    scope.own(named(log, 'third'))
    await scope.close()
    expect(log).toEqual(['third', 'second begins', 'second ends', 'first'])
  })

  test('closes once, however often and in whatever way it is asked', async () => {
    const log: string[] = []
    const scope = new Scope()
    scope.own(named(log, 'it'))
    const closing = scope.close()
    expect(scope.close()).toBe(closing)
    expect(scope[Symbol.asyncDispose]()).toBe(closing)
    await closing
    expect(log).toEqual(['it'])
  })

  test('is closed by await using', async () => {
    const log: string[] = []
    {
      await using scope = new Scope()
      scope.own(named(log, 'it'))
    }
    expect(log).toEqual(['it'])
  })

  test('is closed, and its signal has fired, before anything is disposed', async () => {
    const scope = new Scope()
    const seen: boolean[] = []
    scope.signal.addEventListener('abort', () => seen.push(scope.closed))
    scope.own({ [Symbol.dispose]: () => void seen.push(scope.signal.aborted, scope.closed) })
    expect([scope.closed, scope.signal.aborted]).toEqual([false, false])
    const closing = scope.close()
    expect(scope.closed).toBe(true)
    await closing
    expect(seen).toEqual([true, true, true])
  })

  test('goes on after a failure and rejects with the first', async () => {
    const log: string[] = []
    const scope = new Scope()
    const fails = (message: string) => ({ [Symbol.asyncDispose]: () => Promise.reject(new Error(message)) })
    scope.own(named(log, 'oldest'))
    scope.own(fails('second failure'))
    scope.own(fails('first failure'))
    await expect(scope.close()).rejects.toThrow('first failure')
    expect(log).toEqual(['oldest'])
  })

  test('does not close what was given back', async () => {
    const log: string[] = []
    const scope = new Scope()
    const mine = scope.own(named(log, 'mine'))
    scope.disown(mine)
    await scope.close()
    expect(log).toEqual([])
  })

  test('closes at once what comes too late, and survives when that fails', async () => {
    const log: string[] = []
    const scope = new Scope()
    await scope.close()
    scope.own(named(log, 'late'))
    expect(log).toEqual(['late'])
    const throws = {
      [Symbol.dispose]: () => {
        throw new Error('late failure')
      },
    }
    expect(scope.own(throws)).toBe(throws)
    scope.own({ [Symbol.asyncDispose]: () => Promise.reject(new Error('late rejection')) })
    await new Promise((resolve) => setImmediate(resolve))
  })
})

describe('a child scope', () => {
  test('is closed by its parent, in its place', async () => {
    const log: string[] = []
    const parent = new Scope()
    parent.own(named(log, 'before'))
    const child = parent.child()
    child.own(named(log, 'inside'))
    parent.own(named(log, 'after'))
    await parent.close()
    expect(log).toEqual(['after', 'inside', 'before'])
    expect(child.closed).toBe(true)
  })

  test('closed by itself leaves its parent, which stays open', async () => {
    const log: string[] = []
    const parent = new Scope()
    const child = parent.child()
    child.own(named(log, 'inside'))
    await child.close()
    expect([parent.closed, log]).toEqual([false, ['inside']])
    await parent.close()
    expect(log).toEqual(['inside'])
  })

  test('closed by itself with a failure does not fail its parent', async () => {
    const parent = new Scope()
    const child = parent.child()
    child.own({ [Symbol.asyncDispose]: () => Promise.reject(new Error('inside')) })
    await expect(child.close()).rejects.toThrow('inside')
    await parent.close()
  })

  test('of a closed scope is closed', async () => {
    const parent = new Scope()
    await parent.close()
    expect(parent.child().closed).toBe(true)
  })
})
