/** A DICOM window (PS3.3 C.11.2.1.3), in the units of the film's grey values. */
export interface Window {
  center: number;
  width: number;
}

export interface Levels {
  least: number;
  greatest: number;
  windowCenter: number | null;
  windowWidth: number | null;
  inverted: boolean;
}

/** The window under which the server draws a film; null where it has none of its own. */
export const shownWindow = (levels: Levels): Window | null =>
  levels.windowCenter === null || levels.windowWidth === null ? null : { center: levels.windowCenter, width: levels.windowWidth };

/** The window of all grey values of a film. */
export const wholeWindow = (levels: Levels): Window => ({
  center: (levels.least + levels.greatest) / 2,
  width: Math.max(1, levels.greatest - levels.least),
});

/** A window that has moved by a drag over shares of the frame: to the right it is wider, downwards it is darker. */
export function dragged(from: Window, levels: Levels, right: number, down: number): Window {
  const range = wholeWindow(levels).width;
  const within = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));
  const center = from.center + (levels.inverted ? -1 : 1) * down * range;
  return { center: within(center, levels.least, levels.greatest), width: within(from.width + right * range, 1, 2 * range) };
}

/**
 * The filter that brings a picture drawn under one window near to another, until the server has drawn that. It cannot
 * bring back what the first window cut off.
 */
export function previewFilter(shown: Window, wanted: Window, inverted: boolean): string {
  if (shown.center === wanted.center && shown.width === wanted.width) return "";
  const gain = shown.width / wanted.width;
  const rising = ((shown.center - wanted.center) / wanted.width) * (inverted ? -1 : 1);
  // grey -> (grey - 0.5) * gain + 0.5 + rising, by brightness(b) contrast(c): grey * b * c + 0.5 * (1 - c).
  const contrast = 1 - 2 * (0.5 + rising - 0.5 * gain);
  if (contrast <= 0.01) return `contrast(${gain.toFixed(3)}) brightness(${Math.max(0, 1 + 2 * rising).toFixed(3)})`;
  return `brightness(${(gain / contrast).toFixed(3)}) contrast(${contrast.toFixed(3)})`;
}
