import { describe, expect, test } from '@jest/globals'
import { ConnectionSlots } from '../src/connection-slots.ts'

describe('places for connections', () => {
  test('are counted for the torrent and for the session', () => {
    const session = new ConnectionSlots(3)
    const one = new ConnectionSlots(2, session)
    const two = new ConnectionSlots(2, session)
    expect([one.take(), one.take(), one.take()]).toEqual([true, true, false])
    expect([two.take(), two.take()]).toEqual([true, false])
    expect([session.used, one.used, two.used]).toEqual([3, 2, 1])
    one.give()
    expect(two.take()).toBe(true)
    expect(one.free).toBe(false)
    expect([session.used, session.limit]).toEqual([3, 3])
  })

  test('tell everybody who waits once when one becomes free, in the order of asking', () => {
    const session = new ConnectionSlots(1)
    const one = new ConnectionSlots(1, session)
    const two = new ConnectionSlots(1, session)
    const woken: string[] = []
    const wakeTwo = () => {
      woken.push('two')
      if (!two.take()) two.await(wakeTwo)
    }
    const wakeOne = () => {
      woken.push('one')
      if (!one.take()) one.await(wakeOne)
    }
    one.take()
    two.await(wakeTwo)
    two.await(wakeTwo)
    one.await(wakeOne)
    one.give()
    expect(woken).toEqual(['two', 'one'])
    expect(two.used).toBe(1)
    two.give()
    expect(woken).toEqual(['two', 'one', 'one'])
    expect(one.used).toBe(1)
  })

  test('do not call whoever has left', () => {
    const session = new ConnectionSlots(1)
    const torrent = new ConnectionSlots(1, session)
    let woken = 0
    const wake = () => void woken++
    torrent.take()
    torrent.await(wake)
    torrent.leave(wake)
    torrent.give()
    expect(woken).toBe(0)
  })
})
