import { throwIfAborted, withAbort } from '@torrential/primitives'
import { describe, expect, test } from '@jest/globals'

/** A signal that counts its listeners. */
function counted() {
  const controller = new AbortController()
  const { signal } = controller
  const state = { listeners: 0, controller, signal }
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  const present = new Set<unknown>()
  signal.addEventListener = (...of: Parameters<typeof add>) => {
    present.add(of[1])
    state.listeners = present.size
    add(...of)
  }
  signal.removeEventListener = (...of: Parameters<typeof remove>) => {
    present.delete(of[1])
    state.listeners = present.size
    remove(...of)
  }
  return state
}

describe('withAbort', () => {
  test('without a signal is the promise itself', () => {
    const promise = Promise.resolve(1)
    expect(withAbort(promise, undefined)).toBe(promise)
  })

  test('passes on the result and the error', async () => {
    const { signal } = new AbortController()
    await expect(withAbort(Promise.resolve(7), signal)).resolves.toBe(7)
    await expect(withAbort(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
  })

  test('rejects with the reason as soon as the signal fires, and ignores what comes of the work', async () => {
    const { controller, signal } = counted()
    const reason = new Error('enough')
    let fail: (error: Error) => void = () => {}
    const work = withAbort(new Promise((_, reject) => (fail = reject)), signal)
    controller.abort(reason)
    await expect(work).rejects.toBe(reason)
    fail(new Error('too late to matter'))
    await new Promise((resolve) => setImmediate(resolve))
  })

  test('rejects at once when the signal has fired already', async () => {
    await expect(withAbort(new Promise(() => {}), AbortSignal.abort('gone'))).rejects.toBe('gone')
    await expect(withAbort(Promise.resolve(1), AbortSignal.abort('gone'))).rejects.toBe('gone')
  })

  test('leaves no listener on a signal that outlives thousands of calls', async () => {
    const state = counted()
    const works = Array.from({ length: 2000 }, (_, i) =>
      withAbort(i % 2 === 0 ? Promise.resolve() : Promise.reject(new Error('no')), state.signal).catch(() => {}),
    )
    expect(state.listeners).toBe(2000)
    await Promise.all(works)
    await Promise.resolve()
    expect(state.listeners).toBe(0)
  })
})

describe('throwIfAborted', () => {
  test('throws the reason of a fired signal, and nothing otherwise', () => {
    expect(() => throwIfAborted(undefined)).not.toThrow()
    expect(() => throwIfAborted({})).not.toThrow()
    expect(() => throwIfAborted({ signal: new AbortController().signal })).not.toThrow()
    expect(() => throwIfAborted({ signal: AbortSignal.abort(new Error('over')) })).toThrow('over')
  })
})
