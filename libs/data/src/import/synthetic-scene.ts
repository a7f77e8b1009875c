import { stream, type Stream } from '@chromatune/random';
import { labToSrgb } from '../lab/lab.js';
import { type Picture } from './photograph.js';

/**
 * Draws a landscape whose colours follow from its lightness: each material has a texture of its own, and its colour is a
 * fixed function of how light it is. So a network that tells textures apart can learn every colour.
 * @param scene its number; the same numbers draw the same scene
 */
export function drawScene(seed: number, scene: number, size: number): Picture {
  const random = stream(seed, 'scene', scene);
  const shapes = composeScene(random);
  const noise = new Noise(random.nextUint32());
  const l = new Float32Array(size * size);
  const ab = new Float32Array(size * size * 2);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [x, y] = [(column + 0.5) / size, (row + 0.5) / size];
      const material = materialAt(shapes, noise, x, y);
      const pixel = row * size + column;
      const lightness = material.texture(noise, x, y, shapes.light);
      const [a, b] = material.color(lightness);
      l[pixel] = lightness;
      ab[pixel * 2] = a;
      ab[pixel * 2 + 1] = b;
    }
  }
  return { rgb: labToSrgb(l, ab, size * size), width: size, height: size };
}

interface Scene {
  /** Everything is lighter or darker by this factor: the weather. */
  light: number;
  horizon: number;
  clouds: number;
  hills: number | null;
  near: Material;
  far: Material;
  /** Where the near ground begins, left and right. */
  shore: [number, number];
  wall: { left: number; right: number; top: number; bottom: number } | null;
  trees: { x: number; y: number; radius: number }[];
}

function composeScene(random: Stream): Scene {
  const between = (low: number, high: number) => low + (high - low) * random.uniform();
  const horizon = between(0.3, 0.6);
  const grounds = random.shuffle([grass, sand, water]);
  const shore = between(horizon + 0.08, 0.95);
  const left = between(0.05, 0.6);
  const bottom = between(horizon + 0.05, 0.9);
  return {
    light: between(0.85, 1.1),
    horizon,
    clouds: between(0.35, 0.75),
    hills: random.uniform() < 0.5 ? between(0.08, 0.25) : null,
    far: grounds[0]!,
    near: grounds[1]!,
    shore: [shore + between(-0.15, 0.15), shore + between(-0.15, 0.15)],
    wall:
      random.uniform() < 0.45
        ? { left, right: left + between(0.2, 0.45), top: bottom - between(0.2, 0.4), bottom }
        : null,
    trees: Array.from({ length: random.integer(4) }, () => ({
      x: between(0, 1),
      y: between(horizon - 0.12, horizon + 0.12),
      radius: between(0.07, 0.18),
    })),
  };
}

function materialAt(scene: Scene, noise: Noise, x: number, y: number): Material {
  const edge = 0.6 + 0.8 * noise.at(x * 14, y * 14);
  if (scene.trees.some((tree) => (x - tree.x) ** 2 + (y - tree.y) ** 2 < (tree.radius * edge) ** 2))
    return foliage;
  const { wall, horizon, hills, shore } = scene;
  if (wall && x > wall.left && x < wall.right && y > wall.top && y < wall.bottom) return brick;
  if (y < horizon) {
    if (hills !== null && y > horizon - hills * noise.at(x * 4, 7.5)) return rock;
    return noise.smooth(x * 3, y * 7) > scene.clouds ? cloud : sky;
  }
  return y > shore[0] + (shore[1] - shore[0]) * x + 0.02 * noise.at(x * 20, 3.5) ? scene.near : scene.far;
}

interface Material {
  /** L of 0 to 100 at a place of the unit square. */
  texture(noise: Noise, x: number, y: number, light: number): number;
  /** ab of the material where it is this light. */
  color(lightness: number): [number, number];
}

const sky: Material = {
  texture: (_noise, _x, y, light) => (55 + 45 * y) * light,
  color: (l) => [-4 - (85 - l) * 0.12, -12 - Math.max(0, 90 - l) * 0.75],
};
const cloud: Material = {
  texture: (noise, x, y) => 84 + 14 * noise.smooth(x * 9, y * 14),
  color: () => [-0.5, -1.5],
};
const rock: Material = {
  texture: (noise, x, y, light) =>
    (34 + 22 * noise.smooth(x * 18, y * 18) + 10 * noise.at(x * 60, y * 60)) * light,
  color: (l) => [2, 4 - (60 - l) * 0.35],
};
const grass: Material = {
  texture: (noise, x, y, light) => (28 + 34 * noise.at(x * 110, y * 22)) * light, // upright blades
  color: (l) => [-14 - l * 0.35, 16 + l * 0.5],
};
const sand: Material = {
  texture: (noise, x, y, light) =>
    (66 + 12 * noise.smooth(x * 5, y * 45) + 5 * noise.at(x * 90, y * 90)) * light, // ripples
  color: (l) => [4 + (90 - l) * 0.15, 16 + (90 - l) * 0.5],
};
const water: Material = {
  texture: (noise, x, y, light) => {
    const glint = noise.at(x * 12, y * 95); // lying streaks
    return (32 + 14 * glint + (glint > 0.86 ? 30 : 0)) * light;
  },
  color: (l) => [-12 + l * 0.1, -30 + l * 0.35],
};
const brick: Material = {
  texture: (noise, x, y, light) => {
    const row = Math.floor(y * 26);
    const along = x * 13 + (row % 2) / 2;
    const inMortar = y * 26 - row < 0.16 || along - Math.floor(along) < 0.08;
    return (inMortar ? 70 : 34 + 12 * noise.cell(Math.floor(along), row)) * light;
  },
  color: (l) => (l > 56 ? [1, 5] : [34, 26]),
};
const foliage: Material = {
  texture: (noise, x, y, light) => (12 + 26 * noise.at(x * 34, y * 34)) * light, // clumps
  color: (l) => [-10 - l * 0.45, 10 + l * 0.55],
};

/** Value noise of 0 to 1 over the plane, from integer arithmetic only, so that every machine draws the same. */
class Noise {
  constructor(private readonly seed: number) {}

  /** The random value of one cell of the unit lattice. */
  cell(x: number, y: number): number {
    let hash = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ this.seed;
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  }

  /** Interpolated between the cells. */
  at(x: number, y: number): number {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [across, down] = [eased(x - column), eased(y - row)];
    const top = this.cell(column, row) * (1 - across) + this.cell(column + 1, row) * across;
    const bottom = this.cell(column, row + 1) * (1 - across) + this.cell(column + 1, row + 1) * across;
    return top * (1 - down) + bottom * down;
  }

  /** Two octaves: large forms with some detail. */
  smooth(x: number, y: number): number {
    return (2 * this.at(x, y) + this.at(2 * x + 31, 2 * y + 17)) / 3;
  }
}

const eased = (share: number) => share * share * (3 - 2 * share);
