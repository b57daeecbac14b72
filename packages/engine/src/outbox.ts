// What the engine wants done and nobody has pulled yet, first in, first out. Draining it costs nothing per action: the array
// is emptied when its end is reached instead of being shifted.

import type { PeerKey } from '@torrential/primitives'
import type { Message } from '@torrential/protocol'
import type { Action, EngineEvent } from './action.ts'

export class Outbox {
  #actions: Action[] = []
  #head = 0

  get length(): number {
    return this.#actions.length - this.#head
  }

  push(action: Action): void {
    this.#actions.push(action)
  }

  send(peer: PeerKey, message: Message): void {
    this.#actions.push({ type: 'send', peer, message })
  }

  event(event: EngineEvent): void {
    this.#actions.push({ type: 'event', event })
  }

  next(): Action | undefined {
    const action = this.#actions[this.#head]
    if (action === undefined) return undefined
    this.#head++
    if (this.#head === this.#actions.length) {
      this.#actions = []
      this.#head = 0
    }
    return action
  }
}
