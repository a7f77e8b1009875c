import { metricCatalogue, validationProtocol } from '@chromatune/contracts';
import { Menu } from '../ui/menu.js';
import { useView, useViewStore } from '../view/view-context.js';
import { type PanelName, panelNames, panels, usualPanels } from '../view/view-state.js';

const others = panelNames.filter((name) => !usualPanels.includes(name));

/** A menu of the charts that are not one click away, each with how its metric is measured. */
export function MoreCharts() {
  const store = useViewStore();
  const shown = useView('panels');
  const chosen = others.filter((name) => shown.includes(name)).length;
  const toggle = (name: PanelName, isOn: boolean) =>
    store.set({
      panels: panelNames.filter((other) => (other === name ? isOn : shown.includes(other))),
    });
  return (
    <Menu className="menu-right" hint="More metrics" sign={`more${chosen > 0 ? ` (${chosen})` : ''}`}>
      <fieldset className="metric-list">
        <legend className="hidden">More charts</legend>
        {others.map((name) => {
          const { label, protocol } = metricCatalogue[panels[name].bold];
          return (
            <label key={name}>
              <input
                type="checkbox"
                checked={shown.includes(name)}
                onChange={(event) => toggle(name, event.target.checked)}
              />
              <span>
                {label} <span className="hint">{protocol}</span>
              </span>
            </label>
          );
        })}
        <p className="hint">{validationProtocol}</p>
      </fieldset>
    </Menu>
  );
}
