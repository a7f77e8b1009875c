/* global addEventListener, dispatchEvent, document, Event, localStorage, matchMedia */
// Runs before the first paint, so that a dark page never flashes white. `auto` follows the system.
(() => {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => {
    const choice = localStorage.getItem('chromatune.theme') ?? 'auto';
    const dark = choice === 'dark' || (choice === 'auto' && system.matches);
    const theme = dark ? 'dark' : 'light';
    if (document.documentElement.dataset.theme === theme) return;
    document.documentElement.dataset.theme = theme;
    dispatchEvent(new Event('chromatune:theme'));
  };
  system.addEventListener('change', apply);
  addEventListener('storage', apply);
  addEventListener('chromatune:theme-choice', apply);
  apply();
})();
