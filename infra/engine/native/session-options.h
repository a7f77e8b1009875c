// Included before the sources of TensorFlow.js's addon (`g++ -include`), which gives its sessions no options: a graph whose
// folder holds `session-options.pb`, a ConfigProto, is loaded with them.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

#include "tensorflow/c/c_api.h"

inline TF_Session* LoadSessionWithOptions(const TF_SessionOptions* given, const TF_Buffer* run_options,
                                          const char* folder, const char* const* tags, int tag_count, TF_Graph* graph,
                                          TF_Buffer* meta_graph, TF_Status* status) {
  std::ifstream file(std::string(folder) + "/session-options.pb", std::ios::binary);
  if (!file) {
    return TF_LoadSessionFromSavedModel(given, run_options, folder, tags, tag_count, graph, meta_graph, status);
  }
  const std::string config((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  TF_SessionOptions* options = TF_NewSessionOptions();
  TF_SetConfig(options, config.data(), config.size(), status);
  TF_Session* session = nullptr;
  if (TF_GetCode(status) == TF_OK) {
    session = TF_LoadSessionFromSavedModel(options, run_options, folder, tags, tag_count, graph, meta_graph, status);
  }
  TF_DeleteSessionOptions(options);
  return session;
}

#define TF_LoadSessionFromSavedModel LoadSessionWithOptions
