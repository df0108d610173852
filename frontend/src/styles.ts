import { css } from "lit";

/** What all elements share; colours are the theme's. */
export const shared = css`
  :host {
    display: block;
    color: var(--primary-text-color);
    --hsi-low: var(--success-color, #43a047);
    --hsi-medium: var(--warning-color, #ffa600);
    --hsi-high: var(--deep-orange-color, #ff6f22);
    --hsi-critical: var(--error-color, #db4437);
  }
  * {
    box-sizing: border-box;
  }
  .low { --level: var(--hsi-low); }
  .medium { --level: var(--hsi-medium); }
  .high { --level: var(--hsi-high); }
  .critical { --level: var(--hsi-critical); }
  .secondary {
    color: var(--secondary-text-color);
  }
  .pill {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    padding: 2px 10px;
    border-radius: 12px;
    font-size: 13px;
    line-height: 20px;
    white-space: nowrap;
    color: var(--primary-text-color);
    background: color-mix(in srgb, var(--level, var(--divider-color)) 24%, var(--card-background-color, #fff));
  }
  .pill::before {
    content: "";
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: var(--level, var(--secondary-text-color));
  }
  button,
  select,
  input,
  textarea {
    font: inherit;
    color: inherit;
  }
  button {
    cursor: pointer;
  }
  :focus-visible {
    outline: 2px solid var(--primary-color);
    outline-offset: 2px;
  }
  .button {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: 40px;
    padding: 0 14px;
    border: 1px solid var(--divider-color);
    border-radius: 20px;
    background: var(--card-background-color, #fff);
    color: var(--primary-text-color);
    text-decoration: none;
    font-size: 14px;
  }
  .button[aria-pressed="true"] {
    border-color: var(--primary-color);
    background: color-mix(in srgb, var(--primary-color) 20%, var(--card-background-color, #fff));
  }
  .button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  .button ha-icon {
    --mdc-icon-size: 18px;
  }
  .hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
  .notice {
    padding: 16px;
    text-align: center;
    color: var(--secondary-text-color);
  }
  .error {
    padding: 12px 16px;
    border-inline-start: 4px solid var(--error-color);
    background: color-mix(in srgb, var(--error-color) 10%, var(--card-background-color, #fff));
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`;

/** A view's only card, which fills it. */
export const page = css`
  .page {
    display: grid;
    gap: 16px;
    padding: 16px;
    max-width: 1800px;
    margin: 0 auto;
    /* A panel view takes the cards' borders away. */
    --ha-card-border-radius: var(--restore-card-border-radius, 12px);
    --ha-card-border-width: var(--restore-card-border-width, 1px);
    --ha-card-box-shadow: var(--restore-card-box-shadow, none);
  }
  .page p {
    margin: 0;
  }
  @media (max-width: 600px) {
    .page {
      padding: 8px;
    }
  }
`;
