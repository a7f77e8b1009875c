import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { useLocation, useNavigate, useNavigation } from 'react-router';
import type { ViewState } from './view-state.js';
import { ViewStore } from './view-store.js';

const ViewContext = createContext<ViewStore | null>(null);

/** Gives a page its view, kept in the query of its address. One for each path, so that pages do not share views. */
export function ViewProvider({ children }: { children: ReactNode }) {
  const { pathname, search } = useLocation();
  return (
    <ViewOfPath key={pathname} search={search}>
      {children}
    </ViewOfPath>
  );
}

function ViewOfPath({ search, children }: { search: string; children: ReactNode }) {
  const navigate = useNavigate();
  const isLeaving = useNavigation().state !== 'idle';
  const latest = useRef({ navigate, isLeaving });
  latest.current = { navigate, isLeaving };
  const [store] = useState(
    () =>
      new ViewStore(search, (next) => {
        if (latest.current.isLeaving) return; // the page of a link that was followed is on its way, and would not be shown
        void latest.current.navigate({ search: next }, { replace: true, preventScrollReset: true });
      }),
  );
  useEffect(() => store.addressChanged(search), [store, search]);
  useEffect(() => store.stop, [store]);
  return <ViewContext value={store}>{children}</ViewContext>;
}

export function useViewStore(): ViewStore {
  const store = useContext(ViewContext);
  if (!store) throw new Error('useViewStore needs a ViewProvider above it');
  return store;
}

/** One part of the view; the component renders again only when that part changes. */
export function useView<K extends keyof ViewState>(name: K): ViewState[K] {
  const store = useViewStore();
  return useSyncExternalStore(store.subscribe, () => store.get()[name]);
}
