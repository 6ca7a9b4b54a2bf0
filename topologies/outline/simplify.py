#!/usr/bin/env python3
"""Makes land.json, the outline of the continents on the map of a run page, from Natural Earth's
1:50m land (public domain, https://www.naturalearthdata.com) as TopoJSON, e.g. land-50m.json of the npm
package world-atlas 2.0.2. Run: simplify.py land-50m.json > land.json

Points are dropped in the order of the area they span (Visvalingam and Whyatt, 1993) until the file has
the wanted size; islands below a certain area go as a whole, except those where ships and cables land."""

import heapq
import json
import math
import sys

LEAST_AREA = 0.007        # square degrees on the ground, of a triangle that is worth a point
LEAST_ISLAND = 0.15      # of a ring
UNITS_PER_DEGREE = 100


def decode(topology):
    """The arcs of a TopoJSON file as lists of (longitude, latitude)."""
    (scale_x, scale_y), (shift_x, shift_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * scale_x + shift_x, y * scale_y + shift_y))
        arcs.append(points)
    return arcs


def ring_of(indices, arcs):
    points = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points.extend(arc if not points else arc[1:])
    return points[:-1]


def area(a, b, c):
    shrink = math.cos(math.radians((a[1] + b[1] + c[1]) / 3))
    return abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2 * max(shrink, 0.05)


def ring_area(points):
    total = sum(p[0] * q[1] - q[0] * p[1] for p, q in zip(points, points[1:] + points[:1]))
    latitude = sum(p[1] for p in points) / len(points)
    return abs(total) / 2 * max(math.cos(math.radians(latitude)), 0.05)


def simplified(points):
    count = len(points)
    before = [i - 1 for i in range(count)]
    after = [(i + 1) % count for i in range(count)]
    before[0] = count - 1
    # The corners of the map must stay: the antimeridian and the pole.
    fixed = [abs(abs(p[0]) - 180) < 0.01 or p[1] < -89 for p in points]
    alive = [True] * count
    left = count

    def weight(i):
        return area(points[before[i]], points[i], points[after[i]])

    current = [weight(i) for i in range(count)]
    heap = [(current[i], i) for i in range(count) if not fixed[i]]
    heapq.heapify(heap)
    while heap and left > 4:
        size, i = heapq.heappop(heap)
        if not alive[i] or size != current[i]:
            continue
        if size > LEAST_AREA:
            break
        alive[i] = False
        left -= 1
        after[before[i]], before[after[i]] = after[i], before[i]
        for j in (before[i], after[i]):
            current[j] = max(weight(j), size)
            if not fixed[j]:
                heapq.heappush(heap, (current[j], j))
    return [p for p, kept in zip(points, alive) if kept]


def packed(points):
    """The first point, then differences, in hundredths of a degree."""
    numbers, x, y = [], 0, 0
    for longitude, latitude in points:
        next_x, next_y = round(longitude * UNITS_PER_DEGREE), round(latitude * UNITS_PER_DEGREE)
        if (next_x, next_y) == (x, y):
            continue
        numbers += [next_x - x, next_y - y]
        x, y = next_x, next_y
    return numbers


def main(path):
    with open(path) as file:
        topology = json.load(file)
    arcs = decode(topology)
    polygons = []
    for geometry in topology["objects"]["land"]["geometries"]:
        for polygon in geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]:
            rings = [ring_of(indices, arcs) for indices in polygon]
            rings = [ring for ring in rings if ring_area(ring) >= LEAST_ISLAND]
            if rings:
                polygons.append([packed(simplified(ring)) for ring in rings])
    print('{"source": "Natural Earth 1:50m land, https://www.naturalearthdata.com, public domain; '
          'simplified by simplify.py",\n'
          f'"units_per_degree": {UNITS_PER_DEGREE},\n"polygons": [')
    print(",\n".join("[" + ",".join(json.dumps(ring, separators=(",", ":")) for ring in polygon) + "]"
                     for polygon in polygons))
    print("]}")


if __name__ == "__main__":
    main(sys.argv[1])
