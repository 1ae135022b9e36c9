// Outlines that go across the 180th meridian, such as that of Russia: on a flat map they must not jump to its other side.
import type { FeatureCollection, Geometry, Position } from 'geojson';

/** A ring whose longitudes go on beyond 180 instead of beginning anew at -180. */
export function unwrapRing(ring: Position[]): Position[] {
  let turn = 0;
  const out = ring.map((p, i): Position => {
    const step = i ? p[0]! - ring[i - 1]![0]! : 0;
    if (step > 180) turn -= 360;
    else if (step < -180) turn += 360;
    return [p[0]! + turn, p[1]!];
  });
  // One that goes all around the earth, as that of Antarctica, is closed at the pole.
  const [first, last] = [out[0]!, out.at(-1)!];
  if (Math.abs(first[0]! - last[0]!) > 180) {
    const pole = first[1]! < 0 ? -90 : 90;
    out.push([last[0]!, pole], [first[0]!, pole], first);
  }
  return out;
}

export function unwrap(all: FeatureCollection): FeatureCollection {
  const of = (g: Geometry): Geometry =>
    g.type === 'Polygon'
      ? { ...g, coordinates: g.coordinates.map(unwrapRing) }
      : g.type === 'MultiPolygon'
        ? { ...g, coordinates: g.coordinates.map((p) => p.map(unwrapRing)) }
        : g;
  return { ...all, features: all.features.map((f) => ({ ...f, geometry: of(f.geometry) })) };
}
