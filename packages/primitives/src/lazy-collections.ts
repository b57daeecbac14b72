// Maps and sets that cost nothing until something is put into them. An empty `Map` is 180 bytes; a torrent that nobody downloads has
// some forty empty ones, and a session ten thousand such torrents. From the first entry on they are a `Map` and a `Set` behind
// one more call.

const NO_ENTRIES: ReadonlyMap<unknown, unknown> = new Map()
const NO_VALUES: ReadonlySet<unknown> = new Set()

/** A `Map` in all but name. */
export class LazyMap<Key, Value> implements Map<Key, Value> {
  #map: Map<Key, Value> | undefined

  get size(): number {
    return this.#map === undefined ? 0 : this.#map.size
  }

  get [Symbol.toStringTag](): string {
    return 'LazyMap'
  }

  get(key: Key): Value | undefined {
    return this.#map?.get(key)
  }

  has(key: Key): boolean {
    return this.#map !== undefined && this.#map.has(key)
  }

  set(key: Key, value: Value): this {
    this.#map ??= new Map()
    this.#map.set(key, value)
    return this
  }

  delete(key: Key): boolean {
    return this.#map !== undefined && this.#map.delete(key)
  }

  clear(): void {
    this.#map?.clear()
  }

  forEach(callback: (value: Value, key: Key, map: Map<Key, Value>) => void): void {
    for (const [key, value] of this) callback(value, key, this)
  }

  keys(): MapIterator<Key> {
    return (this.#map ?? NO_ENTRIES).keys() as MapIterator<Key>
  }

  values(): MapIterator<Value> {
    return (this.#map ?? NO_ENTRIES).values() as MapIterator<Value>
  }

  entries(): MapIterator<[Key, Value]> {
    return (this.#map ?? NO_ENTRIES).entries() as MapIterator<[Key, Value]>
  }

  [Symbol.iterator](): MapIterator<[Key, Value]> {
    return this.entries()
  }
}

/** A `Set` in all but name. */
export class LazySet<Value> implements Set<Value> {
  #set: Set<Value> | undefined

  get size(): number {
    return this.#set === undefined ? 0 : this.#set.size
  }

  get [Symbol.toStringTag](): string {
    return 'LazySet'
  }

  has(value: Value): boolean {
    return this.#set !== undefined && this.#set.has(value)
  }

  add(value: Value): this {
    this.#set ??= new Set()
    this.#set.add(value)
    return this
  }

  delete(value: Value): boolean {
    return this.#set !== undefined && this.#set.delete(value)
  }

  clear(): void {
    this.#set?.clear()
  }

  forEach(callback: (value: Value, again: Value, set: Set<Value>) => void): void {
    for (const value of this) callback(value, value, this)
  }

  keys(): SetIterator<Value> {
    return this.values()
  }

  values(): SetIterator<Value> {
    return (this.#set ?? NO_VALUES).values() as SetIterator<Value>
  }

  entries(): SetIterator<[Value, Value]> {
    return (this.#set ?? NO_VALUES).entries() as SetIterator<[Value, Value]>
  }

  [Symbol.iterator](): SetIterator<Value> {
    return this.values()
  }
}
