import { css } from "lit";

export const dialogStyles = css`
  dialog {
    width: min(960px, 100vw);
    max-width: 100vw;
    max-height: 100dvh;
    padding: 0;
    border: 0;
    border-radius: 16px;
    color: var(--primary-text-color);
    background: var(--card-background-color, #fff);
  }
  dialog::backdrop {
    background: rgb(0 0 0 / 60%);
  }
  .content {
    display: grid;
    gap: 12px;
    padding: 16px;
  }
  .head,
  .line {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
  }
  .head {
    justify-content: space-between;
  }
  h2,
  h3,
  p,
  ul {
    margin: 0;
    font-weight: inherit;
    overflow-wrap: anywhere;
  }
  h2 {
    font-size: 22px;
  }
  h3 {
    font-size: 16px;
    font-weight: 500;
  }
  ul {
    padding: 0;
    list-style: none;
  }
  li {
    display: grid;
    grid-template-columns: 3.2em 1fr;
  }
  li b {
    font-weight: 500;
  }
  .strip {
    display: flex;
    gap: 8px;
    overflow-x: auto;
    padding: 4px;
  }
  .strip button {
    flex: none;
    width: 96px;
    height: 60px;
    padding: 0;
    border: 2px solid transparent;
    background: var(--secondary-background-color);
  }
  .strip button[aria-pressed="true"] {
    border-color: var(--primary-color);
  }
  .strip img {
    width: 100%;
    height: 100%;
    object-fit: cover;
  }
  label {
    display: grid;
    gap: 4px;
  }
  textarea {
    padding: 8px;
    border: 1px solid var(--divider-color);
    border-radius: 8px;
    background: var(--primary-background-color);
  }
  @media (max-width: 600px) {
    dialog {
      border-radius: 0;
      height: 100dvh;
    }
  }
`;
