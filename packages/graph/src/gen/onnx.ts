// Generated from proto/onnx/onnx.proto by `npm run gen`. Do not edit.
import type { INamespace } from 'protobufjs';

export const descriptor: INamespace = {
  "nested": {
    "onnx": {
      "nested": {
        "ModelProto": {
          "fields": {
            "irVersion": {
              "type": "int64",
              "id": 1
            },
            "producerName": {
              "type": "string",
              "id": 2
            },
            "producerVersion": {
              "type": "string",
              "id": 3
            },
            "graph": {
              "type": "GraphProto",
              "id": 7
            },
            "opsetImport": {
              "rule": "repeated",
              "type": "OperatorSetIdProto",
              "id": 8
            },
            "functions": {
              "rule": "repeated",
              "type": "FunctionProto",
              "id": 25
            }
          }
        },
        "FunctionProto": {
          "fields": {
            "name": {
              "type": "string",
              "id": 1
            },
            "input": {
              "rule": "repeated",
              "type": "string",
              "id": 4
            },
            "output": {
              "rule": "repeated",
              "type": "string",
              "id": 5
            },
            "node": {
              "rule": "repeated",
              "type": "NodeProto",
              "id": 7
            },
            "opsetImport": {
              "rule": "repeated",
              "type": "OperatorSetIdProto",
              "id": 9
            },
            "domain": {
              "type": "string",
              "id": 10
            },
            "attributeProto": {
              "rule": "repeated",
              "type": "AttributeProto",
              "id": 11
            },
            "overload": {
              "type": "string",
              "id": 13
            }
          }
        },
        "OperatorSetIdProto": {
          "fields": {
            "domain": {
              "type": "string",
              "id": 1
            },
            "version": {
              "type": "int64",
              "id": 2
            }
          }
        },
        "GraphProto": {
          "fields": {
            "node": {
              "rule": "repeated",
              "type": "NodeProto",
              "id": 1
            },
            "name": {
              "type": "string",
              "id": 2
            },
            "initializer": {
              "rule": "repeated",
              "type": "TensorProto",
              "id": 5
            },
            "input": {
              "rule": "repeated",
              "type": "ValueInfoProto",
              "id": 11
            },
            "output": {
              "rule": "repeated",
              "type": "ValueInfoProto",
              "id": 12
            },
            "sparseInitializer": {
              "rule": "repeated",
              "type": "SparseTensorProto",
              "id": 15
            }
          }
        },
        "SparseTensorProto": {
          "fields": {
            "values": {
              "type": "TensorProto",
              "id": 1
            }
          }
        },
        "NodeProto": {
          "fields": {
            "input": {
              "rule": "repeated",
              "type": "string",
              "id": 1
            },
            "output": {
              "rule": "repeated",
              "type": "string",
              "id": 2
            },
            "name": {
              "type": "string",
              "id": 3
            },
            "opType": {
              "type": "string",
              "id": 4
            },
            "attribute": {
              "rule": "repeated",
              "type": "AttributeProto",
              "id": 5
            },
            "domain": {
              "type": "string",
              "id": 7
            },
            "overload": {
              "type": "string",
              "id": 8
            }
          }
        },
        "AttributeProto": {
          "fields": {
            "name": {
              "type": "string",
              "id": 1
            },
            "f": {
              "type": "float",
              "id": 2
            },
            "i": {
              "type": "int64",
              "id": 3
            },
            "s": {
              "type": "bytes",
              "id": 4
            },
            "t": {
              "type": "TensorProto",
              "id": 5
            },
            "floats": {
              "rule": "repeated",
              "type": "float",
              "id": 7
            },
            "ints": {
              "rule": "repeated",
              "type": "int64",
              "id": 8
            },
            "strings": {
              "rule": "repeated",
              "type": "bytes",
              "id": 9
            },
            "type": {
              "type": "AttributeType",
              "id": 20
            },
            "refAttrName": {
              "type": "string",
              "id": 21
            }
          },
          "nested": {
            "AttributeType": {
              "values": {
                "UNDEFINED": 0,
                "FLOAT": 1,
                "INT": 2,
                "STRING": 3,
                "TENSOR": 4,
                "GRAPH": 5,
                "FLOATS": 6,
                "INTS": 7,
                "STRINGS": 8,
                "TENSORS": 9,
                "GRAPHS": 10,
                "SPARSE_TENSOR": 11,
                "SPARSE_TENSORS": 12,
                "TYPE_PROTO": 13,
                "TYPE_PROTOS": 14
              }
            }
          }
        },
        "ValueInfoProto": {
          "fields": {
            "name": {
              "type": "string",
              "id": 1
            },
            "type": {
              "type": "TypeProto",
              "id": 2
            }
          }
        },
        "TypeProto": {
          "fields": {
            "tensorType": {
              "type": "Tensor",
              "id": 1
            }
          },
          "nested": {
            "Tensor": {
              "fields": {
                "elemType": {
                  "type": "int32",
                  "id": 1
                },
                "shape": {
                  "type": "TensorShapeProto",
                  "id": 2
                }
              }
            }
          }
        },
        "TensorShapeProto": {
          "fields": {
            "dim": {
              "rule": "repeated",
              "type": "Dimension",
              "id": 1
            }
          },
          "nested": {
            "Dimension": {
              "oneofs": {
                "value": {
                  "oneof": [
                    "dimValue",
                    "dimParam"
                  ]
                }
              },
              "fields": {
                "dimValue": {
                  "type": "int64",
                  "id": 1
                },
                "dimParam": {
                  "type": "string",
                  "id": 2
                }
              }
            }
          }
        },
        "TensorProto": {
          "fields": {
            "dims": {
              "rule": "repeated",
              "type": "int64",
              "id": 1
            },
            "dataType": {
              "type": "int32",
              "id": 2
            },
            "floatData": {
              "rule": "repeated",
              "type": "float",
              "id": 4
            },
            "int32Data": {
              "rule": "repeated",
              "type": "int32",
              "id": 5
            },
            "int64Data": {
              "rule": "repeated",
              "type": "int64",
              "id": 7
            },
            "name": {
              "type": "string",
              "id": 8
            },
            "rawData": {
              "type": "bytes",
              "id": 9
            },
            "doubleData": {
              "rule": "repeated",
              "type": "double",
              "id": 10
            },
            "externalData": {
              "rule": "repeated",
              "type": "StringStringEntryProto",
              "id": 13
            },
            "dataLocation": {
              "type": "DataLocation",
              "id": 14
            }
          },
          "nested": {
            "DataType": {
              "values": {
                "UNDEFINED": 0,
                "FLOAT": 1,
                "UINT8": 2,
                "INT8": 3,
                "UINT16": 4,
                "INT16": 5,
                "INT32": 6,
                "INT64": 7,
                "STRING": 8,
                "BOOL": 9,
                "FLOAT16": 10,
                "DOUBLE": 11,
                "UINT32": 12,
                "UINT64": 13
              }
            },
            "DataLocation": {
              "values": {
                "DEFAULT": 0,
                "EXTERNAL": 1
              }
            }
          }
        },
        "StringStringEntryProto": {
          "fields": {
            "key": {
              "type": "string",
              "id": 1
            },
            "value": {
              "type": "string",
              "id": 2
            }
          }
        }
      }
    }
  }
};
