// A first-in-first-out queue. `Array.prototype.shift` moves everything that is left; here the read end is an index, and the
// array is cut only when at least half of it has been read, so that every operation is O(1) amortised.

const cutAt = 32

export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  /** The oldest item, which stays; `undefined` when there is none. */
  peek(): Item | undefined {
    return this.#items[this.#head]
  }

  /** The newest item, which stays; `undefined` when there is none. */
  last(): Item | undefined {
    return this.length === 0 ? undefined : this.#items[this.#items.length - 1]
  }

  /** Takes the oldest item out; `undefined` when there is none. */
  shift(): Item | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    // Not held any longer than the queue holds it.
    this.#items[this.#head] = undefined
    this.#head++
    if (this.#head >= cutAt && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  clear(): void {
    this.#items = []
    this.#head = 0
  }
}
