import { describe, expect, it } from 'vitest';
import { placeInYaml } from './spec-completion.js';

describe('placeInYaml', () => {
  it.each([
    ['at the top', 'name: x\n', { path: [], valueOf: null }],
    ['in a nested group', 'model:\n  encoder: resnet18\n  ', { path: ['model'], valueOf: null }],
    ['behind a colon', 'model:\n  encoder: ', { path: ['model'], valueOf: 'encoder' }],
    ['in braces', 'search: { method: ', { path: ['search'], valueOf: 'method' }],
    ['behind a comma in braces', 'search: { method: grid, ', { path: ['search'], valueOf: null }],
    ['in a list in a group', 'space:\n  loss: [regression, ', { path: ['space'], valueOf: 'loss' }],
    [
      'two levels deep in braces',
      'space:\n  binGridSize: { values: [1], when: { ',
      { path: ['space', 'binGridSize', 'when'], valueOf: null },
    ],
    ['after a group that ended', 'model:\n  encoder: x\nspace:\n  ', { path: ['space'], valueOf: null }],
    ['behind a comment', 'model: # fixed\n  # more\n  ', { path: ['model'], valueOf: null }],
  ])('knows the place %s', (_where, text, place) => {
    expect(placeInYaml(text)).toEqual(place);
  });
});
