// What the heap holds, by class: how many objects there are of each, and how many bytes each of their fields keeps that is a map, a set
// or a list. So every structure of every package is looked at, also those that nobody thought of, without any of them knowing of it.

import { getHeapSnapshot } from 'node:v8'
import { buffer } from 'node:stream/consumers'

interface Snapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[]
      readonly node_types: readonly [readonly string[]]
      readonly edge_fields: readonly string[]
      readonly edge_types: readonly [readonly string[]]
    }
  }
  readonly nodes: readonly number[]
  readonly edges: readonly number[]
  readonly strings: readonly string[]
}

export interface HeapCensus {
  /** `Name` → objects of that class, `Name.field` → bytes of the tables of that field of all of them. */
  readonly objects: ReadonlyMap<string, number>
  /** Bytes of compiled code and what the engine of JavaScript notes about it: it grows as long as functions get warm. */
  readonly code: number
  /** Bytes of everything else. */
  readonly data: number
}

const COLLECTIONS = new Set(['Map', 'Set', 'Array'])
/** Edges from a collection to what grows with its entries. */
const TABLES = new Set(['table', 'elements'])
const CODE = new Set(['code', 'hidden', 'object shape'])
/** Holds what a literal is copied from: there is one more whenever a function runs that never ran before. */
const LITERAL = 'system / AllocationSite'

/** Collects the garbage first. Takes a second and some hundred bytes for each object of the heap. */
export async function takeHeapCensus(): Promise<HeapCensus> {
  // Strings of the heap are cut anywhere, so not all of it need be valid UTF-8.
  const snapshot = JSON.parse((await buffer(getHeapSnapshot())).toString()) as Snapshot
  return countObjects(snapshot)
}

function countObjects({ snapshot, nodes, edges, strings }: Snapshot): HeapCensus {
  const { node_fields: nodeFields, edge_fields: edgeFields, node_types: nodeTypes } = snapshot.meta
  const [width, edgeWidth] = [nodeFields.length, edgeFields.length]
  const [typeAt, nameAt, sizeAt, countAt] = ['type', 'name', 'self_size', 'edge_count'].map((field) =>
    nodeFields.indexOf(field),
  ) as [number, number, number, number]
  const edgeNameAt = edgeFields.indexOf('name_or_index')
  const toAt = edgeFields.indexOf('to_node')
  const elementType = snapshot.meta.edge_types[0].indexOf('element')
  const isCode = nodeTypes[0].map((type) => CODE.has(type))
  const objectType = nodeTypes[0].indexOf('object')
  const nameOf = (node: number) => strings[nodes[node + nameAt] as number] as string
  const firstEdges = new Map<number, number>()
  for (let node = 0, edge = 0; node < nodes.length; node += width) {
    firstEdges.set(node, edge)
    edge += (nodes[node + countAt] as number) * edgeWidth
  }
  const rangeOf = (node: number): [first: number, end: number] => {
    const first = firstEdges.get(node) as number
    return [first, first + (nodes[node + countAt] as number) * edgeWidth]
  }
  const edgesOf = function* (node: number): Generator<readonly [string, number]> {
    const [first, end] = rangeOf(node)
    for (let edge = first; edge < end; edge += edgeWidth) {
      if (edges[edge] === elementType) continue
      yield [strings[edges[edge + edgeNameAt] as number] ?? '', edges[edge + toAt] as number]
    }
  }
  /** Whatever is held by more than a literal. */
  const reachable = new Uint8Array(nodes.length / width)
  const waiting = [0]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (reachable[node / width] === 1) continue
    reachable[node / width] = 1
    if (nameOf(node) === LITERAL) continue
    const [first, end] = rangeOf(node)
    for (let edge = first; edge < end; edge += edgeWidth) waiting.push(edges[edge + toAt] as number)
  }
  const objects = new Map<string, number>()
  const add = (key: string, value: number) => objects.set(key, (objects.get(key) ?? 0) + value)
  let [code, data] = [0, 0]
  for (let node = 0; node < nodes.length; node += width) {
    if (isCode[nodes[node + typeAt] as number] === true) code += nodes[node + sizeAt] as number
    else data += nodes[node + sizeAt] as number
    if (nodes[node + typeAt] !== objectType || reachable[node / width] !== 1) continue
    const owner = nameOf(node)
    add(owner, 1)
    if (COLLECTIONS.has(owner)) continue
    for (const [field, value] of edgesOf(node)) {
      if (nodes[value + typeAt] !== objectType || !COLLECTIONS.has(nameOf(value))) continue
      for (const [inner, table] of edgesOf(value)) {
        if (TABLES.has(inner)) add(`${owner}.${field}`, nodes[table + sizeAt] as number)
      }
    }
  }
  return { objects, code, data }
}
